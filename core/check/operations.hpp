// The supported operations, from the importer's registry.
#pragma once

#include <string>

namespace ares {

/// A page of Markdown: a table with a row for each operator.
std::string operations_page();

}  // namespace ares
