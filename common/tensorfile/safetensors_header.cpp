#include "common/tensorfile/safetensors_header.h"

#include <nlohmann/json.hpp>
#include <set>

#include "common/error/error.h"
#include "common/text/printable.h"

namespace ume {
namespace {

using nlohmann::json;

// Follows the parser through
//   {"NAME": {"dtype": T, "shape": [n…], "data_offsets": [b, e]}, …,
//    "__metadata__": {"key": "value", …}}
// and refuses everything else where it occurs.
class HeaderReader : public nlohmann::json_sax<json> {
 public:
  HeaderReader(const std::string& where, SafetensorsHeader& out)
      : where_(where), out_(out) {}

  bool start_object(std::size_t) override {
    if (level_ == Level::kStart) {
      level_ = Level::kNames;
    } else if (level_ == Level::kNames && in_metadata_) {
      level_ = Level::kMetadata;
    } else if (level_ == Level::kNames) {
      level_ = Level::kTensor;
    } else {
      refuse("an object");
    }
    return true;
  }

  bool end_object() override {
    if (level_ == Level::kTensor) {
      if (fields_ != kAllFields) fail("lacks dtype, shape or data_offsets");
      level_ = Level::kNames;
    } else if (level_ == Level::kMetadata) {
      level_ = Level::kNames;
    } else {
      level_ = Level::kDone;
    }
    return true;
  }

  bool key(std::string& name) override {
    if (level_ == Level::kNames) {
      begin_entry(name);
    } else if (level_ == Level::kMetadata) {
      metadata_key_ = name;
      if (out_.metadata.contains(name)) fail("a metadata key appears twice");
    } else {
      begin_field(name);
    }
    return true;
  }

  bool string(std::string& value) override {
    if (level_ == Level::kMetadata) {
      out_.metadata.emplace(metadata_key_, value);
    } else if (level_ == Level::kTensor && field_ == kDTypeField) {
      const auto dtype = dtype_from_name(value);
      if (!dtype) fail("has the unknown dtype \"" + printable(value, 32) + '"');
      out_.entries.back().dtype = *dtype;
    } else {
      refuse("a string");
    }
    return true;
  }

  bool start_array(std::size_t) override {
    if (level_ != Level::kTensor || field_ == kDTypeField) refuse("a list");
    level_ = Level::kNumbers;
    num_offsets_ = 0;
    return true;
  }

  bool end_array() override {
    if (field_ == kOffsetsField && num_offsets_ != 2) {
      fail("data_offsets must be two integers");
    }
    level_ = Level::kTensor;
    return true;
  }

  bool number_unsigned(number_unsigned_t value) override {
    if (level_ != Level::kNumbers) refuse("a number");
    HeaderEntry& entry = out_.entries.back();
    if (field_ == kOffsetsField) {
      if (num_offsets_ == 2) fail("data_offsets must be two integers");
      (num_offsets_++ == 0 ? entry.begin : entry.end) = value;
      return true;
    }
    if (entry.shape.size() == kMaxTensorRank) {
      fail("has more than " + std::to_string(kMaxTensorRank) + " dimensions");
    }
    if (value > static_cast<uint64_t>(INT64_MAX)) {
      fail("has a dimension beyond 2^63");
    }
    entry.shape.push_back(static_cast<int64_t>(value));
    return true;
  }

  bool null() override { refuse("null"); }
  bool boolean(bool) override { refuse("a boolean"); }
  bool number_integer(number_integer_t) override {
    refuse("a negative number");
  }
  bool number_float(number_float_t, const string_t&) override {
    refuse("a fractional or huge number");
  }
  bool binary(binary_t&) override { refuse("binary data"); }
  bool parse_error(std::size_t position,
                   const std::string&,
                   const nlohmann::detail::exception& error) override {
    throw InvalidInput(where_ + ": header is not valid JSON at byte " +
                       std::to_string(position) + ": " +
                       printable(error.what(), 300));
  }

 private:
  enum class Level { kStart, kNames, kTensor, kNumbers, kMetadata, kDone };
  static constexpr int kDTypeField = 1;
  static constexpr int kShapeField = 2;
  static constexpr int kOffsetsField = 4;
  static constexpr int kAllFields = 7;

  void begin_entry(const std::string& name) {
    name_ = name;
    in_metadata_ = name == "__metadata__";
    if (!names_.insert(name).second) fail("appears twice");
    if (in_metadata_) return;
    if (out_.entries.size() == kMaxTensorsPerFile) {
      throw InvalidInput(where_ + ": more than " +
                         std::to_string(kMaxTensorsPerFile) + " tensors");
    }
    out_.entries.emplace_back().name = name;
    fields_ = 0;
  }

  void begin_field(const std::string& name) {
    field_ = name == "dtype"          ? kDTypeField
             : name == "shape"        ? kShapeField
             : name == "data_offsets" ? kOffsetsField
                                      : 0;
    if (field_ == 0)
      fail("has the unknown field \"" + printable(name, 64) + '"');
    if ((fields_ & field_) != 0) fail("has " + name + " twice");
    fields_ |= field_;
  }

  [[noreturn]] void refuse(const std::string& found) const {
    fail("holds " + found + " where the format has none");
  }
  [[noreturn]] void fail(const std::string& what) const {
    throw InvalidInput(where_ + ": tensor \"" + printable(name_) + "\" " +
                       what);
  }

  const std::string& where_;
  SafetensorsHeader& out_;
  Level level_ = Level::kStart;
  std::set<std::string> names_;
  std::string name_;
  std::string metadata_key_;
  bool in_metadata_ = false;
  int fields_ = 0;
  int field_ = 0;
  int num_offsets_ = 0;
};

}  // namespace

SafetensorsHeader parse_safetensors_header(std::string_view text,
                                           const std::string& where) {
  SafetensorsHeader header;
  HeaderReader reader(where, header);
  json::sax_parse(text.begin(), text.end(), &reader);
  return header;
}

}  // namespace ume
