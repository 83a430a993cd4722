// What a check of a model finds, where loading it would stop at the first error.
//
// A pass that runs for a check takes the error of a node down and goes on: what the node would have given is unknown,
// and whatever depends on that is passed over in silence, up to the next Quant. So every cause is found once.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/import/model_graph.hpp"

namespace ares {

/// warning: it runs, but slower or larger than it had to.
enum class Severity : uint8_t { warning, unsupported };

struct Finding {
  Severity severity = Severity::unsupported;
  std::string cause;                   ///< its kind, one word that stays the same: operator, shape, quantiser, ...
  std::string file, node, op, tensor;  ///< node, op and tensor are empty where the whole model is meant
  std::string what;
  std::string change;  ///< what to change in the Brevitas source
};

struct CheckLog {
  std::vector<Finding> findings;
  std::set<std::string> unknown;   ///< tensors without a value: of an unsupported node, or depending on one
  std::set<std::string> doubtful;  ///< tensors whose shape is not known, or guessed behind an unknown operator
};

/// Takes the error of a node down, whose outputs become unknown. False where there is no log: the pass has to fail.
bool note(CheckLog* log, std::string_view cause, const qonnx::ModelGraph& model, const qonnx::Node& node,
          const Error& error);

/// The same for what is no single node of the model. `place` begins the error's line and is left out of the finding.
bool note(CheckLog* log, std::string_view cause, const std::string& node, std::string_view place, const Error& error);

/// A warning at a node.
void warn(CheckLog* log, std::string_view cause, const qonnx::Node& node, std::string what);

/// Whether the log holds something unsupported.
bool has_unsupported(const std::vector<Finding>& findings);

/// Before the shapes of a node's outputs are inferred: an operator that is not known is taken to keep its first input's
/// shape. False: the node's operator is known.
bool guess_shapes(CheckLog* log, qonnx::ModelGraph& model, const qonnx::Node& node);

/// After them: outputs that follow from doubtful shapes are doubtful themselves.
void spread_doubt(CheckLog* log, const qonnx::Node& node);

/// A node whose shapes cannot be inferred. Its error is taken down unless its inputs are doubtful. False: no log.
bool note_shape(CheckLog* log, const qonnx::ModelGraph& model, const qonnx::Node& node, const Error& error);

}  // namespace ares
