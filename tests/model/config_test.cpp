#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "common/error/error.h"
#include "common/tensorfile/bounded_json.h"
#include "model/model_config.h"
#include "model/rope_positions.h"

namespace ume {
namespace {

const std::string kParity = "tests/fixtures/parity/";

nlohmann::json config_of(const std::string& model) {
  return read_json_file(kParity + model + "/config.json");
}

// What is said about a changed config.
std::string refusal(const nlohmann::json& config) {
  try {
    parse_model_config(config.dump(), "config.json");
  } catch (const InvalidInput& error) {
    return error.what();
  }
  return "accepted";
}

std::string refusal_with(const std::string& pointer,
                         const nlohmann::json& value) {
  nlohmann::json config = config_of("model_a_qwen2vl_tied");
  config[nlohmann::json::json_pointer(pointer)] = value;
  return refusal(config);
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("ModelConfig: reads the classic layout") {
  const ModelConfig c = load_model_config(kParity + "model_a_qwen2vl_tied");
  CHECK(c.family == ModelFamily::kQwen2VL);
  CHECK(c.hidden_size == 64);
  CHECK(c.head_dim() == 16);
  CHECK(c.mrope_section == std::array<int64_t, 3>{2, 3, 3});
  CHECK(c.tied_head);
  CHECK(c.stored_dtype == "float32");
  CHECK(c.tokens.image == 1993);
  CHECK(c.vision.width == 32);
  CHECK(c.vision.mlp_width == 128);
  CHECK(c.vision.patch_dim() == 1176);
}

TEST_CASE("ModelConfig: writing and reading back keeps everything") {
  for (const char* model :
       {"model_a_qwen2vl_tied", "model_a_qwen2vl_tied_transformers5_layout",
        "model_b_qwen2vl_untied", "model_c_qwen25vl",
        "model_d_qwen2vl_fullvocab_bf16"}) {
    CAPTURE(model);
    const ModelConfig c = load_model_config(kParity + model);
    const std::string text = model_config_json(c);
    CHECK(model_config_json(parse_model_config(text, "x")) == text);
  }
}

TEST_CASE("ModelConfig: a written config holds every field of the original") {
  for (const char* model : {"model_a_qwen2vl_tied", "model_c_qwen25vl"}) {
    const nlohmann::json original = config_of(model);
    const auto written = nlohmann::json::parse(
        model_config_json(load_model_config(kParity + model)));
    for (const auto& [key, value] : original.items()) {
      if (key == "vision_config") continue;
      CAPTURE(model, key);
      REQUIRE(written.contains(key));
      CHECK(written[key] == value);
    }
    for (const auto& [key, value] : original["vision_config"].items()) {
      CAPTURE(model, key);
      REQUIRE(written["vision_config"].contains(key));
      CHECK(written["vision_config"][key] == value);
    }
  }
}

TEST_CASE("ModelConfig: refuses sizes that do not fit, naming the field") {
  CHECK(contains(refusal_with("/num_attention_heads", 5),
                 "num_attention_heads is 5"));
  CHECK(contains(refusal_with("/num_key_value_heads", 3),
                 "num_key_value_heads is 3"));
  CHECK(contains(refusal_with("/rope_scaling/mrope_section", {2, 3, 4}),
                 "sum of mrope_section is 9, expected 8"));
  CHECK(contains(refusal_with("/rope_scaling/mrope_section", {2, 6}),
                 "rope_scaling.mrope_section must be three integers"));
  CHECK(contains(refusal_with("/vision_config/num_heads", 3),
                 "vision_config.num_heads is 3"));
  CHECK(contains(refusal_with("/vision_config/hidden_size", 65),
                 "hidden_size 64"));
  CHECK(contains(refusal_with("/image_token_id", 2048), "image_token_id"));
  for (const auto& value :
       {nlohmann::json(0), nlohmann::json(-1), nlohmann::json(1ull << 40),
        nlohmann::json(UINT64_MAX), nlohmann::json(1.5), nlohmann::json("64"),
        nlohmann::json(nullptr), nlohmann::json::array()}) {
    CAPTURE(value);
    for (const char* field :
         {"/hidden_size", "/num_hidden_layers", "/vocab_size",
          "/intermediate_size", "/vision_config/embed_dim"}) {
      CAPTURE(field);
      CHECK(refusal_with(field, value) != "accepted");
    }
  }
  CHECK(refusal_with("/rms_norm_eps", 0.0) != "accepted");
  CHECK(refusal_with("/rope_theta", -1.0) != "accepted");
  CHECK(refusal_with("/vision_config/mlp_ratio", 1e300) != "accepted");
  CHECK(refusal_with("/vision_config", nlohmann::json::array()) != "accepted");
}

TEST_CASE("ModelConfig: refuses what it would compute wrongly") {
  CHECK(contains(refusal_with("/model_type", "llama"), "model_type"));
  CHECK(contains(refusal_with("/rope_scaling/type", "yarn"), "\"yarn\""));
  CHECK(contains(refusal_with("/use_sliding_window", true),
                 "use_sliding_window"));
  CHECK(contains(refusal_with("/hidden_act", "gelu"), "hidden_act"));
  CHECK(contains(refusal_with("/vision_config/hidden_act", "gelu"),
                 "vision_config.hidden_act"));
  CHECK(contains(refusal_with("/quantization_config", {{"bits", 4}}),
                 "quantization_config"));
}

TEST_CASE("rope_positions: equals the reference on every recorded case") {
  const auto cases = read_json_file(kParity + "rope/cases.json");
  REQUIRE(cases.size() == 80);
  for (const auto& item : cases) {
    CAPTURE(item.at("name").get<std::string>());
    ModelConfig config;
    if (item.at("family") == "qwen2_5_vl") {
      config.family = ModelFamily::kQwen25VL;
      config.vision.tokens_per_second = item.at("tokens_per_second");
    }
    size_t image = 0;
    size_t video = 0;
    const auto& ids = item.at("input_ids");
    for (size_t row = 0; row < ids.size(); ++row) {
      std::vector<int64_t> tokens;
      std::vector<size_t> columns;
      for (size_t i = 0; i < ids[row].size(); ++i) {
        if (item.at("attention_mask")[row][i] == 0) continue;
        tokens.push_back(ids[row][i]);
        columns.push_back(i);
      }
      std::vector<MediaSpan> media;
      for (size_t i = 0; i < tokens.size();) {
        const bool is_image = tokens[i] == 151655;
        if (!is_image && tokens[i] != 151656) {
          ++i;
          continue;
        }
        MediaSpan span;
        span.kind = is_image ? MediaKind::kImage : MediaKind::kVideo;
        span.first_token = static_cast<int64_t>(i);
        span.grid =
            is_image
                ? item.at("image_grid_thw")[image++].get<decltype(span.grid)>()
                : item.at("video_grid_thw")[video].get<decltype(span.grid)>();
        if (!is_image) {
          const auto& seconds = item.at("second_per_grid_ts");
          if (!seconds.is_null()) span.seconds_per_grid = seconds[video];
          ++video;
        }
        span.num_tokens = span.grid[0] * span.grid[1] * span.grid[2] / 4;
        media.push_back(span);
        i += static_cast<size_t>(span.num_tokens);
      }
      const RopePositions found =
          rope_positions(static_cast<int64_t>(tokens.size()), media, config);
      REQUIRE(found.temporal.size() == tokens.size());
      bool equal = true;
      const auto& expected = item.at("position_ids");
      for (size_t i = 0; i < tokens.size(); ++i) {
        equal = equal && expected[0][row][columns[i]] == found.temporal[i] &&
                expected[1][row][columns[i]] == found.height[i] &&
                expected[2][row][columns[i]] == found.width[i];
      }
      CHECK(equal);
      // rope_deltas is counted from the padded length.
      CHECK(found.next - static_cast<int64_t>(ids[row].size()) ==
            item.at("rope_deltas")[row][0]);
    }
  }
}

TEST_CASE("rope_positions: refuses spans that do not fit the prompt") {
  const ModelConfig config;
  const auto with = [&](int64_t first, int64_t tokens,
                        std::array<int64_t, 3> grid) {
    MediaSpan span;
    span.first_token = first;
    span.num_tokens = tokens;
    span.grid = grid;
    return rope_positions(10, std::vector<MediaSpan>{span}, config);
  };
  CHECK(with(2, 4, {1, 4, 4}).next == 8);
  CHECK_THROWS_AS(with(7, 4, {1, 4, 4}), InvalidInput);
  CHECK_THROWS_AS(with(-1, 4, {1, 4, 4}), InvalidInput);
  CHECK_THROWS_AS(with(2, 3, {1, 4, 4}), InvalidInput);
  CHECK_THROWS_AS(with(2, 4, {1, 3, 4}), InvalidInput);
  CHECK_THROWS_AS(with(2, 0, {0, 4, 4}), InvalidInput);
  CHECK_THROWS_AS(with(2, 4, {int64_t{1} << 40, 4, 4}), InvalidInput);
  MediaSpan span;
  span.num_tokens = 1;
  span.grid = {1, 2, 2};
  CHECK_THROWS_AS(
      rope_positions(10, std::vector<MediaSpan>{span, span}, config),
      InvalidInput);
}

}  // namespace ume
