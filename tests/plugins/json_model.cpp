// A cost model behind a pipe: twice what the analytical model says, in JSON lines. With an argument it answers what is
// no number, too few numbers, an error, or no JSON.
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

int main(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "";
  std::string line;
  std::getline(std::cin, line);
  std::cout << R"({"ares_cost_model":)" << (mode == "version" ? 99 : 1) << R"(,"name":"twice"})" << std::endl;
  while (std::getline(std::cin, line)) {
    const auto request = nlohmann::json::parse(line);
    nlohmann::json cycles = nlohmann::json::array();
    for (const auto& parts : request.at("analytical")) cycles.push_back(2 * parts.at(0).get<double>());
    if (request.at("configs").size() != cycles.size()) return 3;
    if (mode == "short") cycles.erase(0);
    if (mode == "error")
      std::cout << R"({"error":"not trained"})" << std::endl;
    else if (mode == "garbage")
      std::cout << "Traceback (most recent call last):" << std::endl;
    else if (mode == "nan")
      std::cout << R"({"cycles": [NaN]})" << std::endl;
    else
      std::cout << nlohmann::json{{"cycles", cycles}} << std::endl;
  }
}
