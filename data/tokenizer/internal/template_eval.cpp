#include "data/tokenizer/internal/template_eval.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "common/error/error.h"
#include "data/tokenizer/internal/template_lexer.h"

namespace ume {
namespace {

using Value = TemplateValue;

constexpr size_t kMaxOutput = 64u << 20;
// Work is counted in bytes handled; a node of the tree costs kNodeWork of them.
// What is allowed grows with the text to render, which templates handle a few
// times over.
constexpr size_t kFreeWork = 32u << 20;
constexpr size_t kWorkPerByte = 16;
constexpr size_t kNodeWork = 16;

bool is_truthy(const Value& v) {
  if (const auto* flag = std::get_if<bool>(&v.value)) return *flag;
  if (const auto* number = std::get_if<int64_t>(&v.value)) return *number != 0;
  if (const auto* text = v.as_string()) return !text->empty();
  if (const auto* list = v.as_list()) return !list->empty();
  if (const auto* dict = v.as_dict()) return !dict->empty();
  return v.as_namespace() != nullptr;
}

// As in Python a boolean is a number; empty: not one.
std::optional<int64_t> as_number(const Value& v) {
  if (const auto* flag = std::get_if<bool>(&v.value)) return *flag ? 1 : 0;
  if (const auto* number = std::get_if<int64_t>(&v.value)) return *number;
  return std::nullopt;
}

std::string type_name(const Value& v) {
  static constexpr std::string_view kNames[] = {
      "an undefined value", "none",   "a boolean",    "an integer",
      "a string",           "a list", "a dictionary", "a namespace"};
  return std::string(kNames[v.value.index()]);
}

class Evaluator {
 public:
  Evaluator(const TemplateDict& globals,
            const std::string& name,
            std::string_view source,
            size_t num_text_bytes)
      : name_(name),
        source_(source),
        max_work_(kFreeWork + kWorkPerByte * num_text_bytes) {
    scopes_.push_back(globals);
  }

  std::string run(const std::vector<Statement>& body) {
    execute(body);
    return std::move(output_);
  }

 private:
  [[noreturn]] void fail(size_t offset, const std::string& what) const {
    throw InvalidInput(template_position(name_, source_, offset) + ": " + what);
  }

  void charge(size_t amount, size_t offset) {
    work_ += amount;
    if (work_ > max_work_) fail(offset, "the template does too much work");
  }

  void write(std::string_view text, size_t offset) {
    charge(text.size(), offset);
    if (text.size() > kMaxOutput - output_.size()) {
      fail(offset, "the output is longer than " + std::to_string(kMaxOutput) +
                       " bytes");
    }
    output_ += text;
  }

  // --- statements
  void execute(const std::vector<Statement>& body) {
    for (const Statement& statement : body) {
      charge(kNodeWork, statement.offset);
      switch (statement.type) {
        case StatementType::kText:
          write(statement.text, statement.offset);
          break;
        case StatementType::kOutput: {
          const Expr& expr = statement.expressions[0];
          write(print(evaluate(expr), expr.offset), expr.offset);
          break;
        }
        case StatementType::kSet:
          execute_set(statement);
          break;
        case StatementType::kFor:
          execute_for(statement);
          break;
        case StatementType::kIf:
          execute_if(statement);
          break;
      }
    }
  }

  void execute_set(const Statement& statement) {
    Value value = evaluate(statement.expressions[0]);
    if (statement.attribute.empty()) {
      scopes_.back()[statement.text] = std::move(value);
      return;
    }
    const Value* target = find(statement.text);
    TemplateNamespace* space = target ? target->as_namespace() : nullptr;
    if (!space) {
      fail(statement.offset, "'" + statement.text +
                                 "' is not a namespace; only those have "
                                 "attributes that can be set");
    }
    // A namespace inside a namespace could come to hold itself.
    if (value.as_namespace()) {
      fail(statement.offset, "a namespace inside a namespace");
    }
    space->attributes[statement.attribute] = std::move(value);
  }

  void execute_for(const Statement& statement) {
    const Expr& expr = statement.expressions[0];
    const Value range = evaluate(expr);
    if (range.is_undefined()) return;
    const TemplateList* items = range.as_list();
    if (!items) fail(expr.offset, "'for' over " + type_name(range));
    for (size_t i = 0; i < items->size(); ++i) {
      charge(kNodeWork, statement.offset);
      const auto index = static_cast<int64_t>(i);
      const auto length = static_cast<int64_t>(items->size());
      TemplateDict scope;
      scope["loop"] = Value::dict({{"first", {index == 0}},
                                   {"last", {index + 1 == length}},
                                   {"index", {index + 1}},
                                   {"index0", {index}},
                                   {"length", {length}}});
      scope[statement.text] = (*items)[i];
      scopes_.push_back(std::move(scope));
      execute(statement.bodies[0]);
      scopes_.pop_back();
    }
  }

  void execute_if(const Statement& statement) {
    const size_t num_conditions = statement.expressions.size();
    for (size_t i = 0; i < statement.bodies.size(); ++i) {
      if (i >= num_conditions ||
          is_truthy(evaluate(statement.expressions[i]))) {
        execute(statement.bodies[i]);
        return;
      }
    }
  }

  // --- expressions
  const Value* find(const std::string& name) const {
    for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope) {
      const auto it = scope->find(name);
      if (it != scope->end()) return &it->second;
    }
    return nullptr;
  }

  Value evaluate(const Expr& e) {
    charge(kNodeWork, e.offset);
    switch (e.type) {
      case ExprType::kString:
        charge(e.text.size(), e.offset);
        return Value::string(e.text);
      case ExprType::kInteger:
        return {e.integer};
      case ExprType::kBoolean:
        return {e.integer != 0};
      case ExprType::kNone:
        return {TemplateNone{}};
      case ExprType::kName:
        return evaluate_name(e);
      case ExprType::kItem:
        return evaluate_item(e);
      case ExprType::kNamespace:
        return evaluate_namespace(e);
      case ExprType::kNot:
        return {!is_truthy(evaluate(e.children[0]))};
      case ExprType::kAnd:
      case ExprType::kOr: {
        Value left = evaluate(e.children[0]);
        const bool decided = is_truthy(left) == (e.type == ExprType::kOr);
        return decided ? left : evaluate(e.children[1]);
      }
      case ExprType::kTest:
        return evaluate_test(e);
      default:
        return evaluate_binary(e);
    }
  }

  Value evaluate_name(const Expr& e) const {
    if (const Value* value = find(e.text)) return *value;
    fail(e.offset, "'" + e.text + "' is not known");
  }

  Value evaluate_namespace(const Expr& e) {
    auto space = std::make_shared<TemplateNamespace>();
    for (size_t i = 0; i < e.names.size(); ++i) {
      Value value = evaluate(e.children[i]);
      if (value.as_namespace())
        fail(e.offset, "a namespace inside a namespace");
      space->attributes[e.names[i]] = std::move(value);
    }
    return {std::move(space)};
  }

  Value evaluate_item(const Expr& e) {
    const Value object = evaluate(e.children[0]);
    const Value key = evaluate(e.children[1]);
    const std::string* name = key.as_string();
    const auto number = as_number(key);
    if (const TemplateList* list = object.as_list(); list && number) {
      const auto size = static_cast<int64_t>(list->size());
      const int64_t index = *number < 0 ? *number + size : *number;
      if (index < 0 || index >= size) return {};
      return (*list)[static_cast<size_t>(index)];
    }
    const TemplateDict* dict = object.as_dict();
    if (const TemplateNamespace* space = object.as_namespace()) {
      dict = &space->attributes;
    }
    if (!dict || !name) {
      fail(e.offset, type_name(key) + " as a subscript of " +
                         type_name(object) + " is not supported");
    }
    const auto it = dict->find(*name);
    return it == dict->end() ? Value{} : it->second;
  }

  Value evaluate_test(const Expr& e) {
    const Expr& subject = e.children[0];
    const bool is_unknown =
        subject.type == ExprType::kName && !find(subject.text);
    const Value value = is_unknown ? Value{} : evaluate(subject);
    if (e.text == "string") return {value.as_string() != nullptr};
    if (e.text == "mapping") return {value.as_dict() != nullptr};
    if (e.text == "none") return {value.is_none()};
    return {value.is_undefined() == (e.text == "undefined")};
  }

  Value evaluate_binary(const Expr& e) {
    const Value left = evaluate(e.children[0]);
    const Value right = evaluate(e.children[1]);
    switch (e.type) {
      case ExprType::kCompare:
        return {compare(e, left, right)};
      case ExprType::kIn:
        return {contains(e, left, right)};
      case ExprType::kConcat:
        return concat(e, print(left, e.offset), print(right, e.offset));
      default:
        return add(e, left, right);
    }
  }

  bool are_equal(const Expr& e, const Value& a, const Value& b) {
    const auto x = as_number(a);
    const auto y = as_number(b);
    if (x && y) return *x == *y;
    if (a.value.index() != b.value.index()) return false;
    if (const std::string* text = a.as_string()) {
      charge(text->size(), e.offset);
      return *text == *b.as_string();
    }
    if (a.is_undefined() || a.is_none()) return true;
    fail(e.offset, "comparing " + type_name(a) + " is not supported");
  }

  bool compare(const Expr& e, const Value& a, const Value& b) {
    if (e.text == "==") return are_equal(e, a, b);
    if (e.text == "!=") return !are_equal(e, a, b);
    const auto x = as_number(a);
    const auto y = as_number(b);
    if (!x || !y) {
      fail(e.offset, "'" + e.text + "' between " + type_name(a) + " and " +
                         type_name(b) + " is not supported");
    }
    if (e.text == "<") return *x < *y;
    if (e.text == "<=") return *x <= *y;
    return e.text == ">" ? *x > *y : *x >= *y;
  }

  bool contains(const Expr& e, const Value& item, const Value& container) {
    const std::string* name = item.as_string();
    if (const TemplateList* list = container.as_list()) {
      charge(list->size() * kNodeWork, e.offset);
      return std::any_of(list->begin(), list->end(),
                         [&](const Value& v) { return are_equal(e, item, v); });
    }
    if (container.is_undefined()) return false;
    if (const TemplateDict* dict = container.as_dict(); dict && name) {
      return dict->find(*name) != dict->end();
    }
    if (const std::string* text = container.as_string(); text && name) {
      charge(text->size() + name->size(), e.offset);
      // Linear, which std::string's search is not.
      return memmem(text->data(), text->size(), name->data(), name->size()) !=
             nullptr;
    }
    fail(e.offset, "'in' between " + type_name(item) + " and " +
                       type_name(container) + " is not supported");
  }

  Value concat(const Expr& e, const std::string& a, const std::string& b) {
    charge(a.size() + b.size(), e.offset);
    return Value::string(a + b);
  }

  Value add(const Expr& e, const Value& a, const Value& b) {
    const bool is_sum = e.type == ExprType::kAdd;
    if (is_sum && a.as_string() && b.as_string()) {
      return concat(e, *a.as_string(), *b.as_string());
    }
    const auto x = as_number(a);
    const auto y = as_number(b);
    int64_t result = 0;
    if (!x || !y) {
      fail(e.offset, "'" + e.text + "' between " + type_name(a) + " and " +
                         type_name(b) + " is not supported");
    }
    if (is_sum ? __builtin_add_overflow(*x, *y, &result)
               : __builtin_sub_overflow(*x, *y, &result)) {
      fail(e.offset, "the integer is too large");
    }
    return {result};
  }

  std::string print(const Value& v, size_t offset) {
    if (const std::string* text = v.as_string()) {
      charge(text->size(), offset);
      return *text;
    }
    if (v.is_undefined()) return "";
    if (v.is_none()) return "None";
    if (const auto* flag = std::get_if<bool>(&v.value)) {
      return *flag ? "True" : "False";
    }
    if (const auto* number = std::get_if<int64_t>(&v.value)) {
      return std::to_string(*number);
    }
    fail(offset, "printing " + type_name(v) + " is not supported");
  }

  const std::string& name_;
  std::string_view source_;
  const size_t max_work_;
  std::vector<TemplateDict> scopes_;
  std::string output_;
  size_t work_ = 0;
};

}  // namespace

std::string evaluate_template(const std::vector<Statement>& body,
                              const TemplateDict& globals,
                              const std::string& name,
                              std::string_view source,
                              size_t num_text_bytes) {
  return Evaluator(globals, name, source, num_text_bytes).run(body);
}

}  // namespace ume
