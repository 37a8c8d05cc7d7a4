#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ume {

enum class ExprType : uint8_t {
  kString,   // text
  kInteger,  // integer
  kBoolean,  // integer 0 or 1
  kNone,
  kName,       // text
  kItem,       // children[0][children[1]]; x.name is x['name']
  kNamespace,  // namespace(names[i]=children[i], …)
  kNot,
  kAnd,
  kOr,
  kCompare,  // text: == != < <= > >=
  kIn,
  kAdd,
  kSubtract,
  kConcat,
  kTest,  // children[0] is TEXT
};

struct Expr {
  ExprType type = ExprType::kNone;
  size_t offset = 0;
  std::string text;
  int64_t integer = 0;
  int depth = 1;  // of the tree below, itself included
  std::vector<Expr> children;
  std::vector<std::string> names;
};

enum class StatementType : uint8_t {
  kText,    // text
  kOutput,  // expressions[0]
  kSet,     // text = expressions[0]; with an attribute: text.attribute
  kFor,     // for text in expressions[0]: bodies[0]
  kIf,      // expressions[i]: bodies[i]; one more body is the else
};

struct Statement {
  StatementType type = StatementType::kText;
  size_t offset = 0;
  std::string text;
  std::string attribute;
  std::vector<Expr> expressions;
  std::vector<std::vector<Statement>> bodies;
};

// Parses the subset of Jinja that the chat templates of the Qwen2-VL family
// use (docstring of ChatTemplate). Blocks nest at most 64 deep, expressions are
// trees of at most 256 levels. Throws InvalidInput with name and position for
// everything else.
std::vector<Statement> parse_template(std::string_view source,
                                      const std::string& name);

}  // namespace ume
