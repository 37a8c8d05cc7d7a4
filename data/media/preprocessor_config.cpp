#include "data/media/preprocessor_config.h"

#include <nlohmann/json.hpp>
#include <string>

#include "common/error/error.h"
#include "common/files/files.h"
#include "common/tensorfile/bounded_json.h"

namespace ume {
namespace {

using nlohmann::json;

constexpr size_t kMaxConfigBytes = 1 << 20;
constexpr int kBicubic = 3;  // Pillow's number

// Reads fields of one JSON object; errors name file and field.
class FieldReader {
 public:
  FieldReader(std::string file, const json& object)
      : file_(std::move(file)), object_(object) {}

  [[noreturn]] void refuse(const std::string& key,
                           const std::string& expected) const {
    throw InvalidInput(file_ + ": " + key + " is " + object_.at(key).dump() +
                       "; expected " + expected);
  }

  // A missing or null field keeps the default.
  bool has(const std::string& key) const {
    return object_.contains(key) && !object_.at(key).is_null();
  }

  int64_t integer(const std::string& key,
                  int64_t fallback,
                  int64_t least,
                  int64_t most) const {
    if (!has(key)) return fallback;
    const json& value = object_.at(key);
    const std::string range =
        "a whole number " + std::to_string(least) + ".." + std::to_string(most);
    if (!value.is_number_integer()) refuse(key, range);
    const auto number = value.get<int64_t>();
    if (number < least || number > most) refuse(key, range);
    return number;
  }

  double positive(const std::string& key, double fallback) const {
    if (!has(key)) return fallback;
    const json& value = object_.at(key);
    if (!value.is_number() || !(value.get<double>() > 0)) {
      refuse(key, "a positive number");
    }
    return value.get<double>();
  }

  std::array<double, 3> colour(const std::string& key,
                               std::array<double, 3> fallback) const {
    if (!has(key)) return fallback;
    const json& value = object_.at(key);
    const std::string expected = "three numbers";
    if (!value.is_array() || value.size() != 3) refuse(key, expected);
    for (size_t i = 0; i < 3; ++i) {
      if (!value[i].is_number()) refuse(key, expected);
      fallback[i] = value[i].get<double>();
    }
    return fallback;
  }

  void must_be_on(const std::string& key) const {
    if (has(key) && object_.at(key) != true) refuse(key, "true");
  }

 private:
  std::string file_;
  const json& object_;
};

PixelLimits read_limits(const std::string& file,
                        const FieldReader& fields,
                        const json& object) {
  constexpr int64_t kMost = int64_t{1} << 40;
  PixelLimits limits;
  if (fields.has("size")) {
    if (!object.at("size").is_object()) {
      fields.refuse("size", "{shortest_edge, longest_edge}");
    }
    const FieldReader size(file + ": size", object.at("size"));
    limits.min_pixels =
        size.integer("shortest_edge", limits.min_pixels, 1, kMost);
    limits.max_pixels =
        size.integer("longest_edge", limits.max_pixels, 1, kMost);
  }
  limits.min_pixels = fields.integer("min_pixels", limits.min_pixels, 1, kMost);
  limits.max_pixels = fields.integer("max_pixels", limits.max_pixels, 1, kMost);
  if (limits.max_pixels < limits.min_pixels) {
    throw InvalidInput(
        file + ": max_pixels " + std::to_string(limits.max_pixels) +
        " is below min_pixels " + std::to_string(limits.min_pixels));
  }
  return limits;
}

}  // namespace

PreprocessorConfig read_preprocessor_config(const std::filesystem::path& file) {
  return parse_preprocessor_config(read_file(file.string(), kMaxConfigBytes),
                                   file.string());
}

PreprocessorConfig parse_preprocessor_config(std::string_view text,
                                             const std::string& name) {
  const json object = parse_json(text, name, {kMaxConfigBytes});
  if (!object.is_object())
    throw InvalidInput(name + ": expected a JSON object");
  const FieldReader fields(name, object);
  PreprocessorConfig config;
  config.limits = read_limits(name, fields, object);
  config.patch_size = fields.integer("patch_size", config.patch_size, 1, 256);
  config.temporal_patch_size =
      fields.integer("temporal_patch_size", config.temporal_patch_size, 1, 64);
  config.merge_size = fields.integer("merge_size", config.merge_size, 1, 64);
  config.rescale_factor =
      fields.positive("rescale_factor", config.rescale_factor);
  config.mean = fields.colour("image_mean", config.mean);
  config.std = fields.colour("image_std", config.std);
  for (const double deviation : config.std) {
    if (!(deviation > 0)) fields.refuse("image_std", "positive numbers");
  }
  for (const char* step : {"do_resize", "do_rescale", "do_normalize"}) {
    fields.must_be_on(step);
  }
  if (fields.integer("resample", kBicubic, 0, 5) != kBicubic) {
    fields.refuse("resample", "3 (bicubic)");
  }
  return config;
}

}  // namespace ume
