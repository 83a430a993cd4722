#include "experiments/search/spaces.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "core/passes/pass.hpp"
#include "experiments/zoo/zoo.hpp"
#include "kb/signature.hpp"

namespace ares {
namespace {

struct Subject {
  const char *network, *group;
};

constexpr Subject cheap[] = {
    {"tutorial_cnn", "conv3"},
    {"tutorial_cnn", "pool1"},
    {"resnet8", "stem_conv"},
    {"resnet8", "stage2_conv2"},
    {"resnet8", "stage3_conv1"},
    {"resnet8", "stage3_conv_shortcut"},
    {"resnet8", "stage1"},
    {"ds_cnn", "stem_conv"},
    {"ds_cnn", "block1_dw_conv"},
    {"ds_cnn", "block1_pw_conv"},
    {"mobilenet_v1_025", "block6_dw_conv"},
    {"mobilenet_v1_025", "block13_pw_conv"},
    {"mobilenet_v1_025", "pool"},
    {"autoencoder", "fc1"},
    {"autoencoder", "fc2"},
    {"ne16_large", "fc5"},
    {"densenet_basic", "conv1_quant"},
    {"densenet_basic", "avgpool"},
    {"densenet_basic", "Concat_part1"},
    {"densenet_basic", "classifier"},
};

constexpr Subject dear[] = {
    {"tutorial_cnn", "conv3"},
    {"resnet8", "stage2_conv_shortcut"},
    {"resnet8", "stage3_conv_shortcut"},
    {"resnet8", "stage3"},
    {"resnet8", "fc"},
    {"ds_cnn", "stem_conv"},
    {"ds_cnn", "block1_dw_conv"},
    {"ds_cnn", "block1_pw_conv"},
    {"ds_cnn", "pool"},
    {"mobilenet_v1_025", "block6_dw_conv"},
    {"mobilenet_v1_025", "block13_pw_conv"},
    {"autoencoder", "fc2"},
    {"autoencoder", "fc6"},
    {"transformer_simple", "block0_attention_q"},
    {"transformer_simple", "block0_attention_MatMul_1"},
    {"transformer_simple", "block0_norm1"},
};

}  // namespace

Result<std::vector<GroupInContext>> network_groups(const std::string& name, const Target& target) {
  const zoo::Network* network = zoo::find_network(name);
  if (!network) return fail(fmt::format("no reference network '{}'", name));
  NetworkState state;
  state.model = zoo::build(*network);
  state.notice = [](const std::string&) {};
  for (const Pass& pass : pipeline())
    if (auto ok = pass.run(state); !ok) return tl::unexpected(ok.error());
  PlanOptions options;
  options.cores = target.cores.count;
  return plan_contexts(state.layers, target, options);
}

Result<std::vector<StudiedGroup>> studied_groups(const Target& target, Studied which) {
  std::vector<StudiedGroup> studied;
  std::string network;
  std::vector<GroupInContext> groups;
  for (const Subject& s : which == Studied::cheap ? std::span<const Subject>(cheap) : std::span<const Subject>(dear)) {
    if (s.network != network) {
      auto loaded = network_groups(s.network, target);
      if (!loaded) return tl::unexpected(loaded.error());
      groups = std::move(*loaded);
      network = s.network;
    }
    const auto it =
        std::find_if(groups.begin(), groups.end(), [&](const GroupInContext& g) { return g.group.name == s.group; });
    if (it == groups.end()) return fail(fmt::format("reference network '{}' has no group '{}'", s.network, s.group));
    const std::string member = fmt::format("{}.{}", s.network, s.group);
    studied.push_back({member, *it, {member}});
  }
  return studied;
}

Result<std::vector<StudiedGroup>> distinct_groups(const std::vector<std::string>& networks, const Target& target) {
  std::vector<StudiedGroup> distinct;
  std::vector<kb::Signature> seen;
  for (const std::string& name : networks) {
    auto groups = network_groups(name, target);
    if (!groups) return tl::unexpected(groups.error());
    for (GroupInContext& g : *groups) {
      const kb::Signature s = kb::make_signature(g.group.shape, g.context, target.name, RequantPolicy::fast);
      const std::string member = fmt::format("{}.{}", name, g.group.name);
      const auto known = std::find(seen.begin(), seen.end(), s);
      if (known == seen.end()) {
        seen.push_back(s);
        g.context = s.context;
        distinct.push_back({member, std::move(g), {member}});
      } else {
        distinct[static_cast<std::size_t>(known - seen.begin())].members.push_back(member);
      }
    }
  }
  return distinct;
}

}  // namespace ares
