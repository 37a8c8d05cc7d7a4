#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "common/error/error.h"
#include "common/tensorfile/bounded_json.h"
#include "model/attention/rope_positions.h"
#include "model/config/model_config.h"

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

TEST_CASE("load_model_config: says what is no model folder") {
  CHECK_THROWS_WITH(load_model_config("README.md"),
                    "README.md: expected a model folder, found a file");
  CHECK_THROWS_WITH(
      load_model_config("no/such\nfolder"),
      Catch::Contains("expected a model folder, found nothing of that name") &&
          !Catch::Contains("\n"));
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
  CHECK(refusal_with("/rms_norm_eps", 0.0) != "accepted");
  CHECK(refusal_with("/rope_theta", -1.0) != "accepted");
  CHECK(refusal_with("/vision_config/mlp_ratio", 1e300) != "accepted");
  CHECK(refusal_with("/vision_config", nlohmann::json::array()) != "accepted");
}

TEST_CASE("ModelConfig: refuses what is no size, null included") {
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
  CHECK(contains(refusal_with("/hidden_size", nullptr),
                 "hidden_size must be an integer, found null"));
}

TEST_CASE("ModelConfig: full-attention blocks beyond the tower are left out") {
  nlohmann::json config = config_of("model_c_qwen25vl");
  auto& blocks = config["vision_config"]["fullatt_block_indexes"];
  blocks = {0, 3};
  CHECK(refusal(config) == "accepted");
  blocks = {0, 4, 31};
  CHECK(parse_model_config(config.dump(), "x").vision.full_attention_blocks ==
        std::vector<int64_t>{0});
  blocks = {-1};
  CHECK(contains(refusal(config), "fullatt_block_indexes is -1, expected in"));
}

// Qwen2-VL-7B and Qwen2.5-VL-7B as transformers 4.5x saves them: without what
// equals its classes' defaults, which are written out here from
// configuration_qwen2_vl.py and configuration_qwen2_5_vl.py.
nlohmann::json saved_7b(const std::string& type) {
  return {{"model_type", type},
          {"tie_word_embeddings", false},
          {"text_config",
           {{"hidden_size", 3584},
            {"intermediate_size", 18944},
            {"num_hidden_layers", 28},
            {"num_attention_heads", 28},
            {"num_key_value_heads", 4},
            {"rms_norm_eps", 1e-6},
            {"image_token_id", nullptr},
            {"rope_scaling",
             {{"type", "mrope"}, {"mrope_section", {16, 24, 24}}}}}},
          {"vision_config", {{"model_type", type}}}};
}

TEST_CASE("ModelConfig: a vision_config holds what differs from Qwen2-VL's") {
  const ModelConfig c = parse_model_config(saved_7b("qwen2_vl").dump(), "x");
  CHECK(c.vocab_size == 152064);
  CHECK(c.max_positions == 32768);
  CHECK(c.rms_norm_eps == 1e-6);
  CHECK(c.rope_theta == 1e6);
  CHECK(c.tokens.image == 151655);
  CHECK(c.tokens.video == 151656);
  CHECK(c.tokens.vision_start == 151652);
  CHECK(c.tokens.vision_end == 151653);
  CHECK(c.vision.depth == 32);
  CHECK(c.vision.width == 1280);
  CHECK(c.vision.mlp_width == 5120);
  CHECK(c.vision.num_heads == 16);
  CHECK(c.vision.out_width == 3584);
  CHECK(c.vision.patch_dim() == 1176);
}

TEST_CASE("ModelConfig: a vision_config holds what differs from Qwen2.5-VL's") {
  nlohmann::json config = saved_7b("qwen2_5_vl");
  config["vision_config"]["hidden_size"] = 1280;
  const ModelConfig c = parse_model_config(config.dump(), "x");
  CHECK(c.vocab_size == 152064);
  CHECK(c.tokens.image == 151655);
  CHECK(c.vision.width == 1280);
  CHECK(c.vision.mlp_width == 3420);
  CHECK(c.vision.out_width == 3584);
  CHECK(c.vision.window_size == 112);
  CHECK(c.vision.full_attention_blocks == std::vector<int64_t>{7, 15, 23, 31});
  CHECK(c.vision.tokens_per_second == 4.0);
  config["vision_config"]["depth"] = 16;
  CHECK(parse_model_config(config.dump(), "x").vision.full_attention_blocks ==
        std::vector<int64_t>{7, 15});
}

TEST_CASE("ModelConfig: everything but the family and M-RoPE has a default") {
  // The classes' own sizes do not go together: 8192 is no 3584.
  nlohmann::json config = {
      {"model_type", "qwen2_vl"},
      {"vision_config", {{"hidden_size", 8192}}},
      {"rope_scaling", {{"type", "mrope"}, {"mrope_section", {16, 24, 24}}}}};
  const ModelConfig older = parse_model_config(config.dump(), "x");
  config["model_type"] = "qwen2_5_vl";
  config["vision_config"] = {{"out_hidden_size", 8192}};
  const ModelConfig newer = parse_model_config(config.dump(), "x");
  for (const ModelConfig& c : {older, newer}) {
    CHECK(c.hidden_size == 8192);
    CHECK(c.mlp_width == 29568);
    CHECK(c.num_layers == 80);
    CHECK(c.num_heads == 64);
    CHECK(c.num_kv_heads == 8);
    CHECK(c.rms_norm_eps == 1e-5);
    CHECK(c.initializer_range == 0.02);
    CHECK_FALSE(c.tied_head);
    CHECK(c.vision.out_width == 8192);
  }
  CHECK(newer.vision.width == 3584);
  CHECK(contains(refusal({{"model_type", "qwen2_vl"}}), "mrope_section"));
  config["num_key_value_heads"] = nullptr;  // the reference: as many as heads
  CHECK(parse_model_config(config.dump(), "x").num_kv_heads == 64);
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

// One row of a recorded batch, without its padding.
struct RopeRow {
  std::vector<int64_t> tokens;
  std::vector<size_t> columns;  // of the tokens, in the padded row
};

RopeRow rope_row(const nlohmann::json& item, size_t row) {
  RopeRow out;
  const auto& ids = item.at("input_ids")[row];
  for (size_t i = 0; i < ids.size(); ++i) {
    if (item.at("attention_mask")[row][i] == 0) continue;
    out.tokens.push_back(ids[i]);
    out.columns.push_back(i);
  }
  return out;
}

// The media of a row; `image` and `video` count those of the whole batch.
std::vector<MediaSpan> media_of(const nlohmann::json& item,
                                const std::vector<int64_t>& tokens,
                                size_t& image,
                                size_t& video) {
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
    const auto& grid = is_image ? item.at("image_grid_thw")[image++]
                                : item.at("video_grid_thw")[video];
    span.grid = grid.get<decltype(span.grid)>();
    if (!is_image) {
      const auto& seconds = item.at("second_per_grid_ts");
      if (!seconds.is_null()) span.seconds_per_grid = seconds[video];
      ++video;
    }
    span.num_tokens = span.grid[0] * span.grid[1] * span.grid[2] / 4;
    media.push_back(span);
    i += static_cast<size_t>(span.num_tokens);
  }
  return media;
}

ModelConfig config_of_case(const nlohmann::json& item) {
  ModelConfig config;
  if (item.at("family") == "qwen2_5_vl") {
    config.family = ModelFamily::kQwen25VL;
    config.vision.tokens_per_second = item.at("tokens_per_second");
  }
  return config;
}

TEST_CASE("rope_positions: equals the reference on every recorded case") {
  const auto cases = read_json_file(kParity + "rope/cases.json");
  REQUIRE(cases.size() == 80);
  for (const auto& item : cases) {
    CAPTURE(item.at("name").get<std::string>());
    const ModelConfig config = config_of_case(item);
    size_t image = 0;
    size_t video = 0;
    const auto& ids = item.at("input_ids");
    for (size_t row = 0; row < ids.size(); ++row) {
      const auto [tokens, columns] = rope_row(item, row);
      const auto media = media_of(item, tokens, image, video);
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

}  // namespace
}  // namespace ume
