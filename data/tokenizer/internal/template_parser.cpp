#include "data/tokenizer/internal/template_parser.h"

#include <algorithm>
#include <array>
#include <utility>

#include "data/tokenizer/internal/template_cursor.h"

namespace ume {
namespace {

using Type = TemplateTokenType;

constexpr int kMaxExprDepth = 256;

class Parser : private TemplateCursor {
 public:
  Parser(std::string_view source, const std::string& name)
      : TemplateCursor(source, name) {}

  std::vector<Statement> run() {
    auto body = parse_body({});
    if (token().type != Type::kEnd) unexpected("a statement");
    return body;
  }

 private:
  // --- statements
  // Up to a block tag whose first word is one of `ends` (not taken), or to
  // the end of the template.
  std::vector<Statement> parse_body(const std::vector<std::string>& ends) {
    const Nested nested(*this);
    std::vector<Statement> body;
    while (token().type != Type::kEnd) {
      if (token().type == Type::kText) {
        body.push_back(
            {StatementType::kText, token().offset, token().text, {}, {}, {}});
        advance();
      } else if (token().type == Type::kOutputBegin) {
        Statement output{
            StatementType::kOutput, token().offset, {}, {}, {}, {}};
        advance();
        output.expressions.push_back(parse_expression());
        expect(Type::kOutputEnd, "'}}'");
        body.push_back(std::move(output));
      } else {
        const std::string word = next_token().text;
        if (std::find(ends.begin(), ends.end(), word) != ends.end()) break;
        body.push_back(parse_block());
      }
    }
    return body;
  }

  Statement parse_block() {
    Statement statement;
    statement.offset = token().offset;
    expect(Type::kBlockBegin, "'{%'");
    if (accept_keyword("set")) {
      parse_set(statement);
    } else if (accept_keyword("for")) {
      parse_for(statement);
    } else if (accept_keyword("if")) {
      parse_if(statement);
    } else {
      unsupported("statement '" + token().text + "'");
    }
    return statement;
  }

  void parse_set(Statement& statement) {
    statement.type = StatementType::kSet;
    statement.text = expect_name("a name");
    if (accept_operator(".")) statement.attribute = expect_name("a name");
    if (is_operator(",")) unsupported("'set' of several names");
    if (token().type == Type::kBlockEnd) unsupported("'set' of a block");
    expect_operator("=");
    statement.expressions.push_back(parse_expression());
    expect(Type::kBlockEnd, "'%}'");
  }

  void parse_for(Statement& statement) {
    statement.type = StatementType::kFor;
    statement.text = expect_name("a name");
    if (is_operator(",")) unsupported("'for' with several names");
    expect_keyword("in");
    statement.expressions.push_back(parse_expression());
    if (token().type == Type::kName) {
      unsupported("'" + token().text + "' in 'for'");
    }
    expect(Type::kBlockEnd, "'%}'");
    statement.bodies.push_back(parse_body({"endfor", "else"}));
    expect(Type::kBlockBegin, "'{% endfor %}'");
    if (is_keyword("else")) unsupported("'else' of 'for'");
    expect_keyword("endfor");
    expect(Type::kBlockEnd, "'%}'");
  }

  void parse_if(Statement& statement) {
    statement.type = StatementType::kIf;
    bool is_conditional = true;
    while (true) {
      if (is_conditional) statement.expressions.push_back(parse_expression());
      expect(Type::kBlockEnd, "'%}'");
      const bool was_conditional = is_conditional;
      statement.bodies.push_back(was_conditional
                                     ? parse_body({"elif", "else", "endif"})
                                     : parse_body({"endif"}));
      expect(Type::kBlockBegin, "'{% endif %}'");
      if (accept_keyword("endif")) break;
      is_conditional = accept_keyword("elif");
      if (!is_conditional) expect_keyword("else");
    }
    expect(Type::kBlockEnd, "'%}'");
  }

  // --- expressions, loosest first; precedences as in Jinja
  // A chain of operators is a deep tree too, and is walked by recursion.
  void add_child(Expr& parent, Expr child) const {
    parent.depth = std::max(parent.depth, child.depth + 1);
    if (parent.depth > kMaxExprDepth) {
      fail(parent.offset, "the expression is too long");
    }
    parent.children.push_back(std::move(child));
  }

  Expr parse_expression() {
    const Nested nested(*this);
    Expr left = parse_and();
    while (is_keyword("or")) left = binary(ExprType::kOr, std::move(left));
    if (is_keyword("if")) unsupported("'if' in an expression");
    return left;
  }

  // Takes the operator and its right side, which binds one step tighter.
  Expr binary(ExprType type, Expr left) {
    Expr expr;
    expr.type = type;
    expr.offset = token().offset;
    expr.text = token().text;
    advance();
    add_child(expr, std::move(left));
    switch (type) {
      case ExprType::kOr:
        add_child(expr, parse_and());
        break;
      case ExprType::kAnd:
        add_child(expr, parse_not());
        break;
      case ExprType::kAdd:
      case ExprType::kSubtract:
        add_child(expr, parse_concat());
        break;
      case ExprType::kConcat:
        add_child(expr, parse_postfix());
        break;
      default:
        add_child(expr, parse_sum());
    }
    return expr;
  }

  Expr parse_and() {
    Expr left = parse_not();
    while (is_keyword("and")) left = binary(ExprType::kAnd, std::move(left));
    return left;
  }

  Expr parse_not() {
    if (!is_keyword("not")) return parse_comparison();
    const Nested nested(*this);
    Expr expr;
    expr.type = ExprType::kNot;
    expr.offset = token().offset;
    advance();
    add_child(expr, parse_not());
    return expr;
  }

  bool is_comparison() const {
    static constexpr std::array<std::string_view, 6> kOperators = {
        "==", "!=", "<", "<=", ">", ">="};
    return token().type == Type::kOperator &&
           std::find(kOperators.begin(), kOperators.end(), token().text) !=
               kOperators.end();
  }

  Expr parse_comparison() {
    Expr left = parse_sum();
    if (is_comparison()) {
      left = binary(ExprType::kCompare, std::move(left));
    } else if (is_keyword("in")) {
      left = binary(ExprType::kIn, std::move(left));
    } else if (is_keyword("not") && next_token().text == "in") {
      const size_t offset = token().offset;
      advance();
      Expr expr;
      expr.type = ExprType::kNot;
      expr.offset = offset;
      add_child(expr, binary(ExprType::kIn, std::move(left)));
      left = std::move(expr);
    }
    if (is_comparison() || is_keyword("in"))
      unsupported("a chained comparison");
    return left;
  }

  Expr parse_sum() {
    Expr left = parse_concat();
    while (is_operator("+") || is_operator("-")) {
      left = binary(is_operator("+") ? ExprType::kAdd : ExprType::kSubtract,
                    std::move(left));
    }
    return left;
  }

  Expr parse_concat() {
    Expr left = parse_postfix();
    while (is_operator("~")) left = binary(ExprType::kConcat, std::move(left));
    return left;
  }

  Expr parse_postfix() {
    Expr expr = parse_primary();
    while (true) {
      if (is_operator("[") || is_operator(".")) {
        expr = parse_item(std::move(expr));
      } else if (is_keyword("is")) {
        expr = parse_test(std::move(expr));
      } else if (is_operator("|")) {
        advance();
        unsupported("filter '" + token().text + "'");
      } else if (is_operator("(")) {
        unsupported("a call of '" + (expr.text.empty() ? "this" : expr.text) +
                    "'");
      } else {
        return expr;
      }
    }
  }

  Expr parse_item(Expr object) {
    Expr expr;
    expr.type = ExprType::kItem;
    expr.offset = token().offset;
    add_child(expr, std::move(object));
    if (accept_operator(".")) {
      Expr key;
      key.type = ExprType::kString;
      key.offset = token().offset;
      key.text = expect_name("an attribute");
      expr.text = key.text;
      add_child(expr, std::move(key));
    } else {
      expect_operator("[");
      if (is_operator(":")) unsupported("a slice");
      add_child(expr, parse_expression());
      if (is_operator(":")) unsupported("a slice");
      expect_operator("]");
    }
    return expr;
  }

  Expr parse_test(Expr subject) {
    Expr expr;
    expr.type = ExprType::kTest;
    expr.offset = token().offset;
    advance();
    const bool negated = accept_keyword("not");
    static constexpr std::array<std::string_view, 5> kTests = {
        "string", "mapping", "none", "defined", "undefined"};
    if (std::find(kTests.begin(), kTests.end(), token().text) == kTests.end()) {
      unsupported("test '" + token().text + "'");
    }
    expr.text = expect_name("a test");
    add_child(expr, std::move(subject));
    if (!negated) return expr;
    Expr inverse;
    inverse.type = ExprType::kNot;
    inverse.offset = expr.offset;
    add_child(inverse, std::move(expr));
    return inverse;
  }

  Expr parse_primary() {
    const Nested nested(*this);
    Expr expr;
    expr.offset = token().offset;
    expr.text = token().text;
    if (accept_operator("(")) {
      expr = parse_expression();
      expect_operator(")");
      return expr;
    }
    if (accept_operator("-")) {
      if (token().type != Type::kInteger) unsupported("'-' before this");
      expr.type = ExprType::kInteger;
      expr.integer = -token().integer;
      advance();
      return expr;
    }
    if (is_operator("[")) unsupported("a list");
    switch (token().type) {
      case Type::kString:
        expr.type = ExprType::kString;
        break;
      case Type::kInteger:
        expr.type = ExprType::kInteger;
        expr.integer = token().integer;
        break;
      case Type::kName:
        return parse_name();
      default:
        unexpected("an expression");
    }
    advance();
    return expr;
  }

  Expr parse_name() {
    Expr expr;
    expr.offset = token().offset;
    expr.text = expect_name("a name");
    if (expr.text == "true" || expr.text == "True" || expr.text == "false" ||
        expr.text == "False") {
      expr.type = ExprType::kBoolean;
      expr.integer = expr.text[0] == 't' || expr.text[0] == 'T';
    } else if (expr.text == "none" || expr.text == "None") {
      expr.type = ExprType::kNone;
    } else if (expr.text == "namespace" && accept_operator("(")) {
      expr.type = ExprType::kNamespace;
      while (!accept_operator(")")) {
        if (!expr.names.empty()) expect_operator(",");
        expr.names.push_back(expect_name("NAME=VALUE"));
        expect_operator("=");
        add_child(expr, parse_expression());
      }
    } else {
      expr.type = ExprType::kName;
    }
    return expr;
  }
};

}  // namespace

std::vector<Statement> parse_template(std::string_view source,
                                      const std::string& name) {
  return Parser(source, name).run();
}

}  // namespace ume
