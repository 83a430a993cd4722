#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>

#include "core/base/file.hpp"
#include "core/base/npy.hpp"

namespace {

using ares::NpyArray;

/// A version 1.0 file around a header dictionary.
std::string file_of(const std::string& header, const std::string& data) {
  std::string bytes("\x93NUMPY\x01\x00", 8);
  bytes += static_cast<char>(header.size() & 0xff);
  bytes += static_cast<char>(header.size() >> 8);
  return bytes + header + data;
}

std::string error_of(const std::string& bytes) {
  const auto r = ares::parse_npy(bytes, "x.npy");
  return r ? "" : r.error().what;
}

struct TempFile {
  std::filesystem::path path = std::filesystem::temp_directory_path() / ("ares_npy_test_" + std::to_string(getpid()));
  ~TempFile() { std::filesystem::remove(path); }
};

template <class T>
void round_trip(std::vector<int64_t> shape, std::vector<T> values) {
  const TempFile file;
  REQUIRE(ares::write_npy(file.path, NpyArray{shape, values}));
  const auto back = ares::read_npy(file.path);
  REQUIRE(back);
  CHECK(back->shape == shape);
  REQUIRE(std::holds_alternative<std::vector<T>>(back->values));
  CHECK(std::get<std::vector<T>>(back->values) == values);
}

}  // namespace

TEST_CASE("npy: what is written reads back") {
  round_trip<float>({2, 3}, {1, -2, 3.5f, 0, 1e30f, -0.25f});
  round_trip<double>({2}, {1.0 / 3, -1e300});
  round_trip<int8_t>({3, 1}, {-128, 0, 127});
  round_trip<uint8_t>({}, {255});
  round_trip<int16_t>({1, 1, 2}, {-32768, 32767});
  round_trip<int32_t>({2}, {INT32_MIN, INT32_MAX});
  round_trip<int64_t>({1}, {INT64_MIN});
  round_trip<float>({0, 5}, {});
}

TEST_CASE("npy: a file as numpy.save writes it") {
  const std::string header = "{'descr': '<i2', 'fortran_order': False, 'shape': (2, 2), }            \n";
  const auto r = ares::parse_npy(file_of(header, std::string("\x01\x00\xff\xff\x00\x80\x02\x00", 8)), "x.npy");
  REQUIRE(r);
  CHECK(r->shape == std::vector<int64_t>{2, 2});
  CHECK(std::get<std::vector<int16_t>>(r->values) == std::vector<int16_t>{1, -1, -32768, 2});
}

TEST_CASE("npy: hostile files end in one line that names the file") {
  const auto header = [](const char* descr, const char* order, const char* shape) {
    return std::string("{'descr': '") + descr + "', 'fortran_order': " + order + ", 'shape': " + shape + ", }\n";
  };
  const std::string data(64, '\0');
  for (const std::string& h : {
           header("<f4", "True", "(2, 2)"),
           header(">f4", "False", "(2, 2)"),
           header("|O", "False", "(2,)"),
           header("<f4", "False", "(4294967296, 4294967296)"),
           header("<f4", "False", "(99999999999999999999,)"),
           header("<f4", "False", "(17,)"),
           header("<f4", "False", "(-1,)"),
           header("<f4", "False", "(2 2)"),
           header("<f4", "False", "2"),
           std::string("{}\n"),
           std::string(60000, 'a'),
           "{'descr'" + std::string(60000, ' ') + ": '<f4'}",
           "{'descr': '" + std::string(60000, 'x') + "', 'fortran_order': False, 'shape': (1,), }",
           std::string(60000, '{'),
           "{'shape': (" + std::string(60000, '1'),
           std::string(),
       }) {
    CAPTURE(h.substr(0, 80));
    const std::string what = error_of(file_of(h, data));
    CHECK(what.substr(0, 5) == "x.npy");
    CHECK(what.find('\n') == std::string::npos);
  }
  CHECK(error_of(file_of("{'shape':(2,2),'fortran_order':False,'descr':'<f4'}", data)) == "");
  CHECK(error_of("") != "");
  CHECK(error_of(std::string("\x93NUMPY\x09\x00\x10\x00", 10)) != "");
}

TEST_CASE("npy: every truncation of a file is noticed") {
  const TempFile file;
  REQUIRE(ares::write_npy(file.path, NpyArray{{3}, std::vector<int32_t>{1, 2, 3}}));
  const std::string bytes = *ares::read_file(file.path);
  CHECK(error_of(bytes) == "");
  for (std::size_t n = 0; n < bytes.size(); ++n) CHECK(error_of(bytes.substr(0, n)) != "");
}

TEST_CASE("npy: files that are not there, directories") {
  CHECK(ares::read_npy("/nonexistent/x.npy").error().what == "/nonexistent/x.npy: no such file");
  CHECK(ares::read_npy("/").error().what == "/: is a directory");
  CHECK_FALSE(ares::write_npy("/nonexistent/x.npy", NpyArray{{1}, std::vector<int8_t>{1}}));
}
