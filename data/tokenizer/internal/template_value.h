#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace ume {

struct TemplateValue;
using TemplateList = std::vector<TemplateValue>;
using TemplateDict = std::map<std::string, TemplateValue, std::less<>>;

struct TemplateUndefined {};
struct TemplateNone {};
// A dict that templates may change; a type of its own, as in Jinja.
struct TemplateNamespace {
  TemplateDict attributes;
};

// A value of the template language. Copies share strings and containers.
struct TemplateValue {
  std::variant<TemplateUndefined,
               TemplateNone,
               bool,
               int64_t,
               std::shared_ptr<const std::string>,
               std::shared_ptr<const TemplateList>,
               std::shared_ptr<const TemplateDict>,
               std::shared_ptr<TemplateNamespace>>
      value;

  static TemplateValue string(std::string text) {
    return {std::make_shared<const std::string>(std::move(text))};
  }
  static TemplateValue list(TemplateList items) {
    return {std::make_shared<const TemplateList>(std::move(items))};
  }
  static TemplateValue dict(TemplateDict items) {
    return {std::make_shared<const TemplateDict>(std::move(items))};
  }

  // The held value, or null.
  const std::string* as_string() const {
    const auto* held = std::get_if<std::shared_ptr<const std::string>>(&value);
    return held ? held->get() : nullptr;
  }
  const TemplateList* as_list() const {
    const auto* held = std::get_if<std::shared_ptr<const TemplateList>>(&value);
    return held ? held->get() : nullptr;
  }
  const TemplateDict* as_dict() const {
    const auto* held = std::get_if<std::shared_ptr<const TemplateDict>>(&value);
    return held ? held->get() : nullptr;
  }
  TemplateNamespace* as_namespace() const {
    const auto* held = std::get_if<std::shared_ptr<TemplateNamespace>>(&value);
    return held ? held->get() : nullptr;
  }
  bool is_undefined() const {
    return std::holds_alternative<TemplateUndefined>(value);
  }
  bool is_none() const { return std::holds_alternative<TemplateNone>(value); }
};

}  // namespace ume
