#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdlib>

int main(int argc, char** argv) {
  setenv("ARES_SHIPPED_KB", "", 1);  // programs under test know what the test has taught them
  return doctest::Context(argc, argv).run();
}
