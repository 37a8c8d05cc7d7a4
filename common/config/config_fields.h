#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

// What the reader, the writer and the schema know of a config struct: its
// fields, as pointers into it, in order. Found through the struct's
// `visit_fields(v, config)`, which calls v("name", config.name, "help") each.
namespace ume {

struct ConfigField;

struct ConfigSection {
  std::vector<ConfigField> fields;
};

// A std::vector of nested configs.
struct ConfigList {
  std::function<size_t()> size;
  std::function<void(size_t)> resize;              // new elements: defaults
  std::function<ConfigSection(size_t)> element;    // of the vector
  std::function<ConfigSection()> default_element;  // of a fresh struct
};

struct ConfigField {
  std::string name;
  std::string help;
  std::variant<bool*,
               int64_t*,
               double*,
               std::string*,
               std::vector<std::string>*,
               std::vector<double>*,
               std::map<std::string, std::string>*,
               ConfigSection,
               ConfigList>
      value;
};

// Valid while `config` stays where it is and lists inside it keep their size.
template <class Config>
ConfigSection config_fields(Config& config);

namespace config_internal {

template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {};

template <class T>
constexpr bool kIsLeaf =
    std::is_same_v<T, bool> || std::is_same_v<T, int64_t> ||
    std::is_same_v<T, double> || std::is_same_v<T, std::string> ||
    std::is_same_v<T, std::vector<std::string>> ||
    std::is_same_v<T, std::vector<double>> ||
    std::is_same_v<T, std::map<std::string, std::string>>;

template <class T>
ConfigList list_of(std::vector<T>& items) {
  ConfigList list;
  list.size = [&items] { return items.size(); };
  list.resize = [&items](size_t size) { items.resize(size); };
  list.element = [&items](size_t i) { return config_fields(items.at(i)); };
  list.default_element = [] {
    static T fresh;
    return config_fields(fresh);
  };
  return list;
}

struct FieldCollector {
  ConfigSection section;

  template <class T>
  void operator()(const char* name, T& value, const char* help) {
    ConfigField field{name, help, {}};
    if constexpr (kIsLeaf<T>) {
      field.value = &value;
    } else if constexpr (IsVector<T>::value) {
      field.value = list_of(value);
    } else {
      field.value = config_fields(value);
    }
    section.fields.push_back(std::move(field));
  }
};

}  // namespace config_internal

template <class Config>
ConfigSection config_fields(Config& config) {
  config_internal::FieldCollector collector;
  visit_fields(collector, config);
  return std::move(collector.section);
}

}  // namespace ume
