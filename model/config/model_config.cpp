#include "model/config/model_config.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "common/error/error.h"
#include "common/tensorfile/bounded_json.h"
#include "common/text/printable.h"

namespace ume {
namespace {

using nlohmann::json;

// What a config leaves out has the default of the reference's configuration
// class (transformers, configuration_qwen2_vl.py and
// configuration_qwen2_5_vl.py), which drops such values when it saves. Only
// model_type and mrope_section have none.

// Reads fields of one JSON object, with messages that name file and field. A
// second object is asked for what the first does not have.
class FieldReader {
 public:
  FieldReader(std::string where,
              std::string prefix,
              const json& first,
              const json* second = nullptr)
      : where_(std::move(where)),
        prefix_(std::move(prefix)),
        first_(first),
        second_(second) {}

  const json* find(const std::string& name) const {
    for (const json* object : {&first_, second_}) {
      if (object == nullptr || !object->is_object()) continue;
      const auto it = object->find(name);
      if (it != object->end() && !it->is_null()) return &*it;
    }
    return nullptr;
  }

  // Named, but null everywhere.
  bool is_null(const std::string& name) const {
    if (find(name) != nullptr) return false;
    return first_.contains(name) ||
           (second_ != nullptr && second_->contains(name));
  }

  int64_t integer(const std::string& name, int64_t fallback) const {
    const json* value = find_unless_null(name, "an integer");
    if (value == nullptr) return fallback;
    if (!value->is_number_integer() ||
        (value->is_number_unsigned() &&
         value->get<uint64_t>() > static_cast<uint64_t>(INT64_MAX))) {
      fail(name, "an integer", *value);
    }
    return value->get<int64_t>();
  }

  double number(const std::string& name, double fallback) const {
    const json* value = find_unless_null(name, "a number");
    if (value == nullptr) return fallback;
    if (!value->is_number()) fail(name, "a number", *value);
    return value->get<double>();
  }

  bool boolean(const std::string& name, bool fallback) const {
    const json* value = find(name);
    if (value == nullptr) return fallback;
    if (!value->is_boolean()) fail(name, "true or false", *value);
    return value->get<bool>();
  }

  std::string text(const std::string& name, const std::string& fallback) const {
    const json* value = find(name);
    if (value == nullptr) return fallback;
    if (!value->is_string()) fail(name, "a string", *value);
    return value->get<std::string>();
  }

  std::vector<int64_t> integers(const std::string& name,
                                std::vector<int64_t> fallback = {}) const {
    const json* value = find_unless_null(name, "a list of integers");
    if (value == nullptr) return fallback;
    std::vector<int64_t> out;
    if (!value->is_array() || value->size() > 4096) {
      fail(name, "a short list of integers", *value);
    }
    for (const json& item : *value) {
      if (!item.is_number_integer()) fail(name, "integers", *value);
      out.push_back(item.get<int64_t>());
    }
    return out;
  }

  // An object of this one; an empty object if absent.
  const json& object(const std::string& name) const {
    static const json empty = json::object();
    const json* value = find(name);
    if (value == nullptr) return empty;
    if (!value->is_object()) fail(name, "an object", *value);
    return *value;
  }

  [[noreturn]] void fail(const std::string& name,
                         const std::string& expected,
                         const json& found) const {
    throw InvalidInput(where_ + ": " + prefix_ + name + " must be " + expected +
                       ", found " + found.dump().substr(0, 80));
  }

 private:
  // The reference keeps a null where a number should be, and fails later.
  const json* find_unless_null(const std::string& name,
                               const std::string& expected) const {
    if (is_null(name)) fail(name, expected, nullptr);
    return find(name);
  }

  std::string where_;
  std::string prefix_;
  const json& first_;
  const json* second_;
};

ModelFamily read_family(const FieldReader& root) {
  const std::string type = root.text("model_type", "");
  if (type == "qwen2_vl") return ModelFamily::kQwen2VL;
  if (type == "qwen2_5_vl") return ModelFamily::kQwen25VL;
  root.fail("model_type", "\"qwen2_vl\" or \"qwen2_5_vl\"", json(type));
}

// What would silently change the numbers is refused by name.
void refuse_unsupported(const FieldReader& root, const FieldReader& text) {
  if (root.find("quantization_config") != nullptr) {
    root.fail("quantization_config", "absent (weights must be plain)", "…");
  }
  if (text.boolean("use_sliding_window", false)) {
    text.fail("use_sliding_window", "false (every layer sees everything)",
              true);
  }
  const std::string act = text.text("hidden_act", "silu");
  if (act != "silu") text.fail("hidden_act", "\"silu\"", act);
}

void read_rope(const std::string& where,
               const FieldReader& text,
               ModelConfig& config) {
  const bool nested = text.find("rope_parameters") != nullptr;
  const char* name = nested ? "rope_parameters" : "rope_scaling";
  const FieldReader rope(where, std::string(name) + ".", text.object(name));
  for (const char* key : {"rope_type", "type"}) {
    const std::string type = rope.text(key, "mrope");
    if (type != "mrope" && type != "default") {
      rope.fail(key, "\"mrope\" or \"default\"", type);
    }
  }
  const auto sections = rope.integers("mrope_section");
  if (sections.size() != 3) {
    rope.fail("mrope_section", "three integers", sections);
  }
  std::copy(sections.begin(), sections.end(), config.mrope_section.begin());
  config.rope_theta = rope.number("rope_theta", text.number("rope_theta", 1e6));
}

int64_t token_or(const FieldReader& fields,
                 const std::string& name,
                 int64_t fallback) {
  return fields.find(name) == nullptr ? fallback : fields.integer(name, -1);
}

void read_tokens(const FieldReader& fields, ModelConfig& config) {
  // Models of a small vocabulary need not have these two.
  const auto usual = [&config](int64_t id) {
    return id < config.vocab_size ? id : -1;
  };
  ModelTokens& tokens = config.tokens;
  tokens.bos = token_or(fields, "bos_token_id", -1);
  tokens.eos = token_or(fields, "eos_token_id", -1);
  tokens.vision_start =
      token_or(fields, "vision_start_token_id", usual(151652));
  tokens.vision_end = token_or(fields, "vision_end_token_id", usual(151653));
  tokens.vision = token_or(fields, "vision_token_id", -1);
  tokens.image = token_or(fields, "image_token_id", 151655);
  tokens.video = token_or(fields, "video_token_id", 151656);
}

void read_language(const FieldReader& fields, ModelConfig& config) {
  config.vocab_size = fields.integer("vocab_size", 152064);
  config.hidden_size = fields.integer("hidden_size", 8192);
  config.mlp_width = fields.integer("intermediate_size", 29568);
  config.num_layers = fields.integer("num_hidden_layers", 80);
  config.num_heads = fields.integer("num_attention_heads", 64);
  const std::string kv_heads = "num_key_value_heads";
  config.num_kv_heads =
      fields.is_null(kv_heads) ? config.num_heads : fields.integer(kv_heads, 8);
  config.max_positions = fields.integer("max_position_embeddings", 32768);
  config.rms_norm_eps = fields.number("rms_norm_eps", 1e-5);
  config.initializer_range = fields.number("initializer_range", 0.02);
}

void read_newer_vision(const FieldReader& fields, VisionConfig& vision) {
  vision.width = fields.integer("hidden_size", 3584);
  vision.mlp_width = fields.integer("intermediate_size", 3420);
  vision.out_width = fields.integer("out_hidden_size", 3584);
  vision.window_size = fields.integer("window_size", 112);
  vision.full_attention_blocks =
      fields.integers("fullatt_block_indexes", {7, 15, 23, 31});
  // A tower that was cut keeps the list of the whole one.
  std::erase_if(vision.full_attention_blocks,
                [&](int64_t block) { return block >= vision.depth; });
  vision.tokens_per_second = fields.number("tokens_per_second", 4.0);
}

void read_older_vision(const FieldReader& fields, VisionConfig& vision) {
  vision.width = fields.integer("embed_dim", 1280);
  const double ratio = fields.number("mlp_ratio", 4.0);
  if (!(ratio > 0 && ratio <= 64))
    fields.fail("mlp_ratio", "in (0, 64]", ratio);
  vision.mlp_width =
      static_cast<int64_t>(static_cast<double>(vision.width) * ratio);
  vision.out_width = fields.integer("hidden_size", 3584);
}

void read_vision(const FieldReader& fields,
                 ModelFamily family,
                 VisionConfig& vision) {
  const bool newer = family == ModelFamily::kQwen25VL;
  vision.depth = fields.integer("depth", 32);
  vision.num_heads = fields.integer("num_heads", 16);
  vision.in_channels =
      fields.integer("in_channels", fields.integer("in_chans", 3));
  vision.patch_size = fields.integer("patch_size", 14);
  vision.temporal_patch_size = fields.integer("temporal_patch_size", 2);
  vision.merge_size = fields.integer("spatial_merge_size", 2);
  const std::string act = newer ? "silu" : "quick_gelu";
  const std::string found = fields.text("hidden_act", act);
  if (found != act) fields.fail("hidden_act", '"' + act + '"', found);
  newer ? read_newer_vision(fields, vision) : read_older_vision(fields, vision);
}

}  // namespace

ModelConfig parse_model_config(std::string_view text,
                               const std::string& where) {
  const json document = parse_json(text, where, {.max_bytes = 4u << 20});
  if (!document.is_object()) {
    throw InvalidInput(where + ": must hold a JSON object");
  }
  const FieldReader root(where, "", document);
  const json& nested = root.object("text_config");
  const bool has_text = !nested.empty();
  const FieldReader fields(where, has_text ? "text_config." : "", nested,
                           &document);
  ModelConfig config;
  config.family = read_family(root);
  refuse_unsupported(root, fields);
  read_language(fields, config);
  // The outer value is the one that the reference ties by.
  config.tied_head = root.boolean("tie_word_embeddings",
                                  fields.boolean("tie_word_embeddings", false));
  config.stored_dtype =
      root.text("torch_dtype", root.text("dtype", "bfloat16"));
  read_rope(where, fields, config);
  read_tokens(fields, config);
  const json& vision = root.object("vision_config");
  read_vision(FieldReader(where, "vision_config.", vision), config.family,
              config.vision);
  config.validate(where);
  return config;
}

ModelConfig load_model_config(const std::string& folder) {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::file_status status = fs::status(folder, error);
  if (!fs::status_known(status)) {
    throw IoError(printable(folder) + ": " + error.message());
  }
  if (!fs::is_directory(status)) {
    throw IoError(printable(folder) + ": expected a model folder, found " +
                  (fs::exists(status) ? "a file" : "nothing of that name"));
  }
  const std::string path = folder + "/config.json";
  return parse_model_config(
      read_json_file(path, {.max_bytes = 4u << 20}).dump(), path);
}

}  // namespace ume
