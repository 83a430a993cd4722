#include "cost_models/gvsoc/batch_log.hpp"

#include <charconv>
#include <vector>

namespace ares::gvsoc {
namespace {

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  for (size_t at = 0; at < line.size();) {
    const size_t end = std::min(line.find(' ', at), line.size());
    if (end > at) words.push_back(line.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

template <class N>
bool number(std::string_view text, N& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

/// The N of `key=N`.
template <class N>
bool field(std::string_view word, std::string_view key, N& value) {
  return word.size() > key.size() && word.starts_with(key) && word[key.size()] == '=' &&
         number(word.substr(key.size() + 1), value);
}

bool result_line(const std::vector<std::string_view>& words, size_t& candidate, CandidateLine& r) {
  const bool parts = words.size() == 12 && field(words[9], "compute", r.compute) && field(words[10], "load", r.load) &&
                     field(words[11], "store", r.store);
  return (words.size() == 9 || parts) && number(words[2], candidate) && field(words[3], "cold", r.cold) &&
         field(words[4], "warm", r.warm) && field(words[5], "wrong", r.wrong) && field(words[6], "first", r.first) &&
         field(words[7], "got", r.got) && field(words[8], "want", r.want);
}

void read_properties(const std::vector<std::string_view>& words, BatchLog& log) {
  log.started = true;
  for (size_t i = 2; i < words.size(); ++i)
    if (const size_t equals = words[i].find('='); equals != std::string_view::npos)
      log.properties.emplace(words[i].substr(0, equals), words[i].substr(equals + 1));
}

void read_line(std::string_view line, BatchLog& log) {
  if (line.starts_with("ares: ")) log.died = std::string(line.substr(6));
  if (!line.starts_with("MEASURE ")) return;
  const auto words = words_of(line);
  if (words.size() < 3) return;
  size_t n = 0;
  CandidateLine result;
  if (words[1] == "PROPERTIES") {
    read_properties(words, log);
  } else if (words[1] == "BEGIN" && words.size() == 3 && number(words[2], n)) {
    log.running = n;
  } else if (words[1] == "RESULT" && result_line(words, n, result)) {
    log.results.emplace(n, result);
    if (log.running == n) log.running.reset();
  } else if (words[1] == "END" && words.size() == 3 && number(words[2], n)) {
    log.ended = n == log.results.size() && !log.running;
  }
}

}  // namespace

BatchLog parse_batch_log(std::string_view text) {
  BatchLog log;
  for (size_t at = 0; at < text.size();) {
    const size_t end = text.find('\n', at);
    if (end == std::string_view::npos) break;  // cut off
    std::string_view line = text.substr(at, end - at);
    if (line.ends_with('\r')) line.remove_suffix(1);
    read_line(line, log);
    at = end + 1;
  }
  return log;
}

}  // namespace ares::gvsoc
