#include "cost_models/plugin.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <nlohmann/json.hpp>

#include "cost_models/analytical.hpp"
#include "cost_models/helper_process.hpp"
#include "cost_models/plugin_library.hpp"

namespace ares {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

static_assert(ARES_KNOBS == knob_count && ARES_TILE_L2 == static_cast<int>(Knob::tile_l2) &&
              ARES_BUF_L2 == static_cast<int>(Knob::buf_l2) && ARES_PARALLEL == static_cast<int>(Knob::parallel));

/// Version of the JSON lines.
constexpr int protocol = 1;
constexpr std::string_view exec_prefix = "exec:";

ares_plugin_group to_plugin(const Query& q) {
  const GroupShape& s = q.shape;
  const Window& w = s.window;
  const bool windowed = has_window(s.family);
  ares_plugin_group g{};
  std::strncpy(g.family, name_of(s.family), sizeof g.family - 1);
  const Dims* dims[] = {&s.in, &s.out};
  int32_t* to[] = {g.in, g.out};
  for (int i = 0; i < 2; ++i) {
    to[i][0] = static_cast<int32_t>(dims[i]->h);
    to[i][1] = static_cast<int32_t>(dims[i]->w);
    to[i][2] = static_cast<int32_t>(dims[i]->c);
  }
  const auto pair = [&](int32_t* p, int32_t a, int32_t b) { p[0] = windowed ? a : 1, p[1] = windowed ? b : 1; };
  pair(g.kernel, w.kh, w.kw);
  pair(g.stride, w.sh, w.sw);
  pair(g.dilation, w.dh, w.dw);
  const int32_t pads[] = {w.pt, w.pl, w.pb, w.pr};
  if (windowed) std::copy(std::begin(pads), std::end(pads), g.pad);
  g.weight_bits = s.weight_bits;
  g.weights_level = static_cast<int32_t>(q.context.weights) + 1;
  g.cores = q.context.cores;
  g.l1_bytes = q.context.l1_bytes;
  g.macs = s.macs();
  return g;
}

ares_plugin_config to_plugin(const Config& c, const Estimate& e) {
  ares_plugin_config p{};
  std::copy(c.value.begin(), c.value.end(), p.knob);
  p.cycles = e.cycles;
  p.compute = e.compute;
  p.dma_in = e.dma_in;
  p.dma_out = e.dma_out;
  p.l3 = e.l3;
  p.stall = e.stall;
  p.overhead = e.overhead;
  p.l1_bytes = e.l1_bytes;
  return p;
}

using Configs = std::vector<ares_plugin_config>;

/// Whoever answers: a library here, a library in another process, a command.
class Responder {
 public:
  virtual ~Responder() = default;
  virtual Result<void> start(const Target& target) = 0;
  virtual Result<std::vector<double>> estimate(const ares_plugin_group& group, const Configs& configs) = 0;
};

class LoadedLibrary final : public Responder {
 public:
  explicit LoadedLibrary(std::string file) : file_(std::move(file)) {}

  Result<void> start(const Target& target) override {
    auto library = PluginLibrary::load(file_, target.name);
    if (!library) return tl::unexpected(library.error());
    library_ = std::move(*library);
    return {};
  }

  Result<std::vector<double>> estimate(const ares_plugin_group& group, const Configs& configs) override {
    std::vector<double> cycles(configs.size());
    if (auto ok = library_->estimate(group, configs, cycles); !ok) return tl::unexpected(ok.error());
    return cycles;
  }

 private:
  std::string file_;
  std::unique_ptr<PluginLibrary> library_;
};

class HostedLibrary final : public Responder {
 public:
  HostedLibrary(std::string host, std::string file, const PluginLimits& limits)
      : host_(std::move(host)), file_(std::move(file)), limits_(limits) {}

  Result<void> start(const Target& target) override {
    if (auto ok = process_.start({host_, file_, target.name}); !ok)
      return fail(fmt::format("its host {} {}", host_, ok.error().what));
    const auto name = answer(limits_.start_seconds);
    return name ? Result<void>() : tl::unexpected(name.error());
  }

  Result<std::vector<double>> estimate(const ares_plugin_group& group, const Configs& configs) override {
    const PluginRequest request{group, configs.size()};
    std::string bytes(reinterpret_cast<const char*>(&request), sizeof request);
    bytes.append(reinterpret_cast<const char*>(configs.data()), configs.size() * sizeof configs[0]);
    if (auto ok = process_.send(bytes, limits_.answer_seconds); !ok) return tl::unexpected(ok.error());
    const auto payload = answer(limits_.answer_seconds);
    if (!payload) return tl::unexpected(payload.error());
    std::vector<double> cycles(configs.size());
    if (payload->size() != cycles.size() * sizeof(double)) return fail("sent an answer of the wrong size");
    std::memcpy(cycles.data(), payload->data(), payload->size());
    return cycles;
  }

 private:
  Result<std::string> answer(double seconds) {
    const auto head = process_.receive(sizeof(PluginAnswer), seconds);
    if (!head) return head;
    PluginAnswer a;
    std::memcpy(&a, head->data(), sizeof a);
    auto payload = process_.receive(a.bytes, seconds);
    if (payload && a.status != 0) return fail(*payload);
    return payload;
  }

  std::string host_, file_;
  PluginLimits limits_;
  HelperProcess process_;
};

Json json(const int32_t* values, std::size_t count) { return std::vector<int32_t>(values, values + count); }

/// `{"group":{..},"configs":[[knob, ..], ..],"analytical":[[cycles, compute, ..], ..]}`, one line.
std::string request_line(const ares_plugin_group& g, const Configs& configs) {
  const Json group{{"family", g.family},
                   {"in", json(g.in, 3)},
                   {"out", json(g.out, 3)},
                   {"kernel", json(g.kernel, 2)},
                   {"stride", json(g.stride, 2)},
                   {"dilation", json(g.dilation, 2)},
                   {"pad", json(g.pad, 4)},
                   {"weight_bits", g.weight_bits},
                   {"weights_level", g.weights_level},
                   {"cores", g.cores},
                   {"l1_bytes", g.l1_bytes},
                   {"macs", g.macs}};
  fmt::memory_buffer line;
  auto out = std::back_inserter(line);
  fmt::format_to(out, "{{\"group\":{},\"configs\":[", group.dump());
  for (std::size_t i = 0; i < configs.size(); ++i) {
    for (int k = 0; k < knob_count; ++k) fmt::format_to(out, "{}{}", k ? "," : i ? ",[" : "[", configs[i].knob[k]);
    fmt::format_to(out, "]");
  }
  fmt::format_to(out, "],\"analytical\":[");
  for (std::size_t i = 0; i < configs.size(); ++i) {
    const ares_plugin_config& c = configs[i];
    fmt::format_to(out, "{}[{:.8g},{:.8g},{:.8g},{:.8g},{:.8g},{:.8g},{:.8g},{}]", i ? "," : "", c.cycles, c.compute,
                   c.dma_in, c.dma_out, c.l3, c.stall, c.overhead, c.l1_bytes);
  }
  fmt::format_to(out, "]}}\n");
  return fmt::to_string(line);
}

class Command final : public Responder {
 public:
  Command(std::string command, const PluginLimits& limits) : command_(std::move(command)), limits_(limits) {}

  Result<void> start(const Target& target) override {
    if (auto ok = process_.start({"sh", "-c", "exec " + command_}); !ok) return ok;
    Json knobs = Json::array();
    for (int k = 0; k < knob_count; ++k) knobs.push_back(name_of(static_cast<Knob>(k)));
    const Json hello{{"ares_cost_model", protocol},
                     {"target", target.name},
                     {"knobs", knobs},
                     {"parts", {"cycles", "compute", "dma_in", "dma_out", "l3", "stall", "overhead", "l1_bytes"}}};
    const auto reply = ask(hello.dump() + "\n", limits_.start_seconds);
    if (!reply) return tl::unexpected(reply.error());
    const auto version = reply->find("ares_cost_model");
    if (version == reply->end() || *version != protocol)
      return fail(fmt::format("speaks another protocol: it answered {} to {{\"ares_cost_model\":{}, ..}}",
                              reply->dump().substr(0, 80), protocol));
    return {};
  }

  Result<std::vector<double>> estimate(const ares_plugin_group& group, const Configs& configs) override {
    const auto reply = ask(request_line(group, configs), limits_.answer_seconds);
    if (!reply) return tl::unexpected(reply.error());
    const auto list = reply->find("cycles");
    if (list == reply->end() || !list->is_array()) return fail("answered without a list \"cycles\"");
    std::vector<double> cycles;
    for (const Json& c : *list) cycles.push_back(c.is_number() ? c.get<double>() : std::nan(""));
    return cycles;
  }

 private:
  Result<Json> ask(const std::string& line, double seconds) {
    if (auto ok = process_.send(line, seconds); !ok) return tl::unexpected(ok.error());
    const auto reply = process_.receive_line(seconds);
    if (!reply) return tl::unexpected(reply.error());
    Json j = python_numbers(*reply);
    if (!j.is_object()) return fail(fmt::format("answered what is no JSON object: {:.60}", *reply));
    if (const auto error = j.find("error"); error != j.end()) return fail(fmt::format("says: {}", error->dump()));
    return j;
  }

  /// Python writes NaN and Infinity, which are no JSON: they become null.
  static Json python_numbers(std::string text) {
    Json j = Json::parse(text, nullptr, false);
    if (!j.is_discarded()) return j;
    for (const std::string_view word : {"-Infinity", "Infinity", "NaN"})
      for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at))
        text.replace(at, word.size(), "null");
    return Json::parse(text, nullptr, false);
  }

  std::string command_;
  PluginLimits limits_;
  HelperProcess process_;
};

class Guarded final : public PluginModel {
 public:
  Guarded(std::string name, std::unique_ptr<Responder> responder, const Target& target)
      : name_(std::move(name)), analytical_(make_analytical_model()), responder_(std::move(responder)) {
    if (auto ok = responder_->start(target); !ok) give_up(ok.error().what);
  }

  std::string name() const override { return name_; }

  std::optional<std::string> failure() const override {
    const std::lock_guard lock(mutex_);
    return failure_;
  }

  void estimate(const Query& query, std::span<const Config> configs, std::span<Estimate> estimates) const override {
    analytical_->estimate(query, configs, estimates);
    Configs asked;
    std::vector<std::size_t> positions;
    for (std::size_t i = 0; i < configs.size(); ++i) {
      if (!estimates[i].feasible) continue;
      asked.push_back(to_plugin(configs[i], estimates[i]));
      positions.push_back(i);
    }
    if (asked.empty()) return;
    const std::lock_guard lock(mutex_);
    if (!responder_) return;
    const auto cycles = responder_->estimate(to_plugin(query), asked);
    if (!cycles) return give_up(cycles.error().what);
    if (cycles->size() != asked.size())
      return give_up(fmt::format("answered {} configs with {} numbers", asked.size(), cycles->size()));
    for (std::size_t i = 0; i < asked.size(); ++i)
      if (!std::isfinite((*cycles)[i]) || (*cycles)[i] <= 0)
        return give_up(fmt::format("gave {} cycles to {} of a {} group", (*cycles)[i], to_string(configs[positions[i]]),
                                   name_of(query.shape.family)));
    for (std::size_t i = 0; i < asked.size(); ++i) estimates[positions[i]].cycles = (*cycles)[i];
  }

 private:
  void give_up(const std::string& why) const {
    failure_ = fmt::format("cost model '{}': {}", name_, why);
    responder_.reset();
  }

  std::string name_;
  std::shared_ptr<const CostModel> analytical_;
  mutable std::mutex mutex_;
  mutable std::unique_ptr<Responder> responder_;  ///< null once it has failed
  mutable std::optional<std::string> failure_;
};

std::string host_beside_us() {
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error);
  const fs::path host = self.parent_path() / "ares-pluginhost";
  return !error && fs::exists(host) ? host.string() : "ares-pluginhost";
}

}  // namespace

bool is_plugin(const std::string& spec) {
  return spec.starts_with(exec_prefix) || spec.ends_with(".so") || spec.find('/') != std::string::npos;
}

Result<std::shared_ptr<const PluginModel>> make_plugin_model(const std::string& spec, const Target& target,
                                                             bool trusted, const std::string& host,
                                                             const PluginLimits& limits) {
  std::unique_ptr<Responder> responder;
  if (spec.starts_with(exec_prefix)) {
    if (spec.size() == exec_prefix.size())
      return fail("--cost-model exec: names no command; write 'exec:python3 m.py'");
    responder = std::make_unique<Command>(spec.substr(exec_prefix.size()), limits);
  } else {
    if (!fs::is_regular_file(spec)) return fail(fmt::format("--cost-model {}: there is no such file", spec));
    if (trusted)
      responder = std::make_unique<LoadedLibrary>(spec);
    else
      responder = std::make_unique<HostedLibrary>(host.empty() ? host_beside_us() : host, spec, limits);
  }
  return std::make_shared<Guarded>(spec, std::move(responder), target);
}

}  // namespace ares
