#include "common/tensorfile/bounded_json.h"

#include <nlohmann/json.hpp>
#include <vector>

#include "common/error/error.h"
#include "common/files/files.h"
#include "common/tensorfile/json_tokens.h"
#include "common/text/printable.h"

namespace ume {
namespace {

using nlohmann::json;

// Memory of a value in a list that grows (old and new places together), of what
// a value points to, and of an object's member; rounded up as malloc does.
constexpr size_t kElementBytes = 48;
constexpr size_t kTextBytes = 32;
constexpr size_t kListBytes = 32;
constexpr size_t kObjectBytes = 64;
constexpr size_t kMemberBytes = 112;

// Builds the value from the parser's events, within depth and memory. (The
// library's own builder with a callback takes quadratic time for a list of
// objects, and does not show repeated keys.)
class JsonBuilder : public nlohmann::json_sax<json> {
 public:
  JsonBuilder(const std::string& where, int max_depth, size_t max_memory)
      : where_(where),
        max_depth_(static_cast<size_t>(max_depth)),
        max_memory_(max_memory) {}

  json take() { return std::move(root_); }

  bool null() override { return add_leaf(nullptr); }
  bool boolean(bool value) override { return add_leaf(value); }
  bool number_integer(number_integer_t value) override {
    return add_leaf(value);
  }
  bool number_unsigned(number_unsigned_t value) override {
    return add_leaf(value);
  }
  bool number_float(number_float_t value, const string_t&) override {
    return add_leaf(value);
  }
  bool string(string_t& value) override {
    charge(kTextBytes + value.size());
    return add_leaf(std::move(value));
  }
  bool binary(binary_t&) override { return false; }  // never in a text

  bool start_object(std::size_t) override {
    charge(kObjectBytes);
    return open(json::object());
  }
  bool start_array(std::size_t) override {
    charge(kListBytes);
    return open(json::array());
  }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& name) override {
    charge(kMemberBytes + name.size());
    auto& members = *open_.back()->get_ptr<json::object_t*>();
    const auto [at, is_new] = members.emplace(std::move(name), nullptr);
    if (!is_new) {
      fail("key \"" + printable(at->first) +
           "\" appears twice in one JSON object");
    }
    member_ = &at->second;
    return true;
  }

  bool parse_error(std::size_t,
                   const std::string&,
                   const nlohmann::detail::exception& error) override {
    fail("not valid JSON: " + printable(error.what(), 300));
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw InvalidInput(where_ + ": " + what);
  }

  void charge(size_t num_bytes) {
    memory_ += num_bytes;
    if (memory_ > max_memory_) {
      fail("JSON whose values take more than " + std::to_string(max_memory_) +
           " bytes of memory");
    }
  }

  json* add(json value) {
    json* place = &root_;
    if (!open_.empty() && open_.back()->is_array()) {
      charge(kElementBytes);
      open_.back()->push_back(nullptr);
      place = &open_.back()->back();
    } else if (!open_.empty()) {
      place = member_;
    }
    *place = std::move(value);
    return place;
  }

  bool add_leaf(json value) {
    add(std::move(value));
    return true;
  }

  bool open(json container) {
    if (open_.size() == max_depth_) {
      fail("JSON nested deeper than " + std::to_string(max_depth_) + " levels");
    }
    // A list that grows moves its values, but only the last is ever open.
    open_.push_back(add(std::move(container)));
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  const std::string& where_;
  const size_t max_depth_;
  const size_t max_memory_;
  size_t memory_ = 0;
  json root_;
  std::vector<json*> open_;  // lists and objects that are being read
  json* member_ = nullptr;   // of the last open object, waiting for its value
};

}  // namespace

nlohmann::json parse_json(std::string_view text,
                          const std::string& where,
                          const JsonLimits& limits) {
  if (text.size() > limits.max_bytes) {
    throw InvalidInput(where + ": JSON of " + std::to_string(text.size()) +
                       " bytes; at most " + std::to_string(limits.max_bytes) +
                       " are read");
  }
  // The parser takes a NUL byte for the end of the text.
  if (text.find('\0') != std::string_view::npos) {
    throw InvalidInput(where + ": not valid JSON: holds a NUL byte");
  }
  check_json_tokens(text, limits.max_text_bytes, where);
  JsonBuilder builder(where, limits.max_depth,
                      text.size() + limits.spare_memory);
  json::sax_parse(text.begin(), text.end(), &builder);
  return builder.take();
}

nlohmann::json read_json_file(const std::string& path,
                              const JsonLimits& limits) {
  return parse_json(read_file(path, limits.max_bytes), path, limits);
}

}  // namespace ume
