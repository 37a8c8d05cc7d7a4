#include <catch2/catch.hpp>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "common/tensorfile/safetensors.h"
#include "data/prepare/preparer.h"

// References recorded from transformers and the published trainers:
// model_*, sft and grpo of tests/fixtures/parity.
namespace ume {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

const fs::path kParity = "tests/fixtures/parity";

json read_json(const fs::path& path) {
  std::ifstream in(path);
  REQUIRE(in);
  return json::parse(in);
}

template <class T>
std::vector<T> values_of(const TensorView& tensor) {
  std::vector<T> values(tensor.bytes.size() / sizeof(T));
  std::memcpy(values.data(), tensor.bytes.data(), tensor.bytes.size());
  return values;
}

// Row `row` of a [B, L] tensor where the [B, L] mask is 1.
std::vector<int64_t> row_of(const TensorView& tensor,
                            const TensorView& mask,
                            size_t row) {
  const auto all = values_of<int64_t>(tensor);
  const auto keep = values_of<int64_t>(mask);
  const size_t length = tensor.shape.at(1);
  std::vector<int64_t> out;
  for (size_t i = row * length; i < (row + 1) * length; ++i) {
    if (keep[i] != 0) out.push_back(all[i]);
  }
  return out;
}

std::vector<int64_t> first_of(std::vector<int64_t> ids, size_t count) {
  ids.resize(count);
  return ids;
}

// The patches stored under `keys`, one after the other.
std::vector<float> stored_patches(const TensorFile& file, const json& keys) {
  std::vector<float> out;
  for (const std::string key : keys) {
    const auto values = values_of<float>(file.at(key));
    out.insert(out.end(), values.begin(), values.end());
  }
  return out;
}

json grids_of(const PreparedPrompt& prompt, MediaKind kind) {
  json grids = json::array();
  for (const MediaSpan& span : prompt.media) {
    if (span.kind == kind) grids.push_back(span.grid);
  }
  return grids;
}

MediaRef local(const std::string& path) {
  return {".", path, ""};
}

struct Conversation {
  std::vector<ChatMessage> messages;
  MessageMedia media;
};

// fps: that the reference's seconds per grid imply.
Conversation conversation_of(const json& row) {
  Conversation out;
  for (const json& message : row["messages"]) {
    ChatMessage chat{message["role"], "", {}};
    if (message["content"].is_string()) {
      chat.text = message["content"];
    } else {
      for (const json& part : message["content"]) {
        if (part["type"] == "image") {
          chat.parts.push_back({ChatPartType::kImage, ""});
          out.media.images.push_back(local(part["image"]));
        } else if (part["type"] == "video") {
          chat.parts.push_back({ChatPartType::kVideo, ""});
          VideoRef video;
          for (const std::string frame : part["video"]) {
            video.frames.push_back(local(frame));
          }
          const size_t index = out.media.videos.size();
          video.fps = 2.0 / row["second_per_grid_ts"].at(index).get<double>();
          out.media.videos.push_back(video);
        } else {
          chat.parts.push_back({ChatPartType::kText, part["text"]});
        }
      }
    }
    out.messages.push_back(chat);
  }
  return out;
}

PromptPreparer preparer_for(const fs::path& model,
                            const fs::path& records,
                            const PrepareConfig& config = {}) {
  PreparerOptions options;
  options.model_folder = model;
  options.record_folder = records;
  options.prepare = config;
  return PromptPreparer(options);
}

void check_spans(const PreparedPrompt& prompt,
                 int64_t image_pad,
                 int64_t video_pad) {
  for (const MediaSpan& span : prompt.media) {
    const int64_t pad = span.kind == MediaKind::kImage ? image_pad : video_pad;
    CHECK(span.num_tokens == span.grid[0] * span.grid[1] * span.grid[2] / 4);
    CHECK(prompt.ids.at(span.first_token - 1) != pad);
    CHECK(prompt.ids.at(span.first_token) == pad);
    CHECK(prompt.ids.at(span.first_token + span.num_tokens - 1) == pad);
    CHECK(prompt.ids.at(span.first_token + span.num_tokens) != pad);
  }
}

void check_case(const fs::path& model, const std::string& name) {
  CAPTURE(model.string(), name);
  const PromptPreparer preparer = preparer_for(model, model);
  const int64_t image_pad =
      preparer.tokenizer().required_token_id("<|image_pad|>");
  const int64_t video_pad =
      preparer.tokenizer().required_token_id("<|video_pad|>");
  const json expected = read_json(model / ("cases_" + name + ".json"));
  const auto tensors =
      TensorFile::open((model / ("cases_" + name + ".safetensors")).string());
  const auto pixels =
      TensorFile::open((model / "cases_pixels.safetensors").string());
  std::vector<float> images, videos;
  for (size_t r = 0; r < expected["rows"].size(); ++r) {
    CAPTURE(r);
    const json& row = expected["rows"][r];
    const Conversation conversation = conversation_of(row);
    const PreparedPrompt prompt =
        preparer.prepare_messages(conversation.messages, conversation.media);
    const auto ids =
        row_of(tensors.at("input_ids"), tensors.at("attention_mask"), r);
    CHECK(prompt.ids == first_of(ids, row["prompt_len"]));
    CHECK(grids_of(prompt, MediaKind::kImage) == row["image_grids"]);
    CHECK(grids_of(prompt, MediaKind::kVideo) == row["video_grids"]);
    check_spans(prompt, image_pad, video_pad);
    CHECK(static_cast<int64_t>(prompt.patches.size()) ==
          prompt.num_patches * prompt.patch_dim);
    auto* to = row["videos"].empty() ? &images : &videos;
    to->insert(to->end(), prompt.patches.begin(), prompt.patches.end());
    for (const MediaSpan& span : prompt.media) {
      if (span.kind == MediaKind::kVideo) {
        CHECK(span.seconds_per_grid ==
              Approx(row["second_per_grid_ts"][0].get<double>()));
      }
    }
  }
  CHECK(images == stored_patches(pixels, expected["pixel_values"]));
  CHECK(videos == stored_patches(pixels, expected["pixel_values_videos"]));
}

TEST_CASE("chat messages become the reference's ids, grids and pixels") {
  for (const char* model :
       {"model_a_qwen2vl_tied", "model_b_qwen2vl_untied", "model_c_qwen25vl"}) {
    for (const char* name : {"text_only", "image_single", "image_two", "video",
                             "mixed_left", "mixed_right"}) {
      check_case(kParity / model, name);
    }
  }
}

AnnotatedSide side_of(const json& record) {
  AnnotatedSide side;
  for (const json& turn : record["conversations"]) {
    side.turns.push_back(
        {turn["from"] == "human" ? "user" : "assistant", turn["value"]});
  }
  if (record.contains("image")) {
    if (record["image"].is_string()) {
      side.images.push_back(local(record["image"]));
    } else {
      for (const std::string path : record["image"]) {
        side.images.push_back(local(path));
      }
    }
  }
  if (record.contains("video")) {
    for (const std::string path : record["video"]) {
      side.frames.push_back(local(path));
    }
  }
  return side;
}

TEST_CASE("cold-start records become the reference's ids, labels and pixels") {
  const fs::path folder = kParity / "sft";
  const json expected = read_json(folder / "sft.json");
  const json records = read_json(folder / "data.json");
  const auto batch = TensorFile::open((folder / "batch.safetensors").string());
  const auto pixels =
      TensorFile::open((folder / "pixels.safetensors").string());
  PrepareConfig config;
  config.image_min_pixels = expected["limits"]["min_pixels"];
  config.image_max_pixels = expected["limits"]["max_pixels"];
  config.video_min_pixels = expected["limits"]["video_min_frame_pixels"];
  config.video_max_pixels = expected["limits"]["video_max_frame_pixels"];
  const PromptPreparer preparer =
      preparer_for(kParity / "model_b_qwen2vl_untied", folder, config);
  for (const auto& [side, key] :
       {std::pair{"query", "qry"}, std::pair{"target", "pos"}}) {
    const std::string prefix = std::string(side) + ".";
    std::vector<float> images, videos;
    for (size_t r = 0; r < records.size(); ++r) {
      CAPTURE(side, r);
      const PreparedExample example =
          preparer.prepare_example(side_of(records[r][key]));
      const auto& mask = batch.at(prefix + "attention_mask");
      CHECK(example.prompt.ids ==
            row_of(batch.at(prefix + "input_ids"), mask, r));
      CHECK(example.labels == row_of(batch.at(prefix + "labels"), mask, r));
      const bool is_video = records[r][key].contains("video");
      auto& to = is_video ? videos : images;
      to.insert(to.end(), example.prompt.patches.begin(),
                example.prompt.patches.end());
    }
    CHECK(images == stored_patches(pixels, expected["pixel_values"][side]));
    CHECK(videos ==
          stored_patches(pixels, expected["pixel_values_videos"][side]));
  }
}

TEST_CASE("reinforcement-learning records become the reference's prompts") {
  const fs::path folder = kParity / "grpo";
  const json update = read_json(folder / "update.json");
  const auto tensors =
      TensorFile::open((folder / "update.safetensors").string());
  const auto pixels =
      TensorFile::open((folder / "update_pixels.safetensors").string());
  PrepareConfig config;
  config.prompt_template = "rl_published";
  const PromptPreparer preparer =
      preparer_for(kParity / "model_a_qwen2vl_tied", folder, config);
  const size_t copies = update["hyper_parameters"]["num_generations"];
  for (const std::string side : {"query", "target"}) {
    const json& expected = update["sides"][side];
    for (size_t i = 0; i < expected["prompt_text"].size(); ++i) {
      CAPTURE(side, i);
      const std::string text = expected["prompt_text"][i];
      const std::string before = "<|vision_end|>";
      const size_t from = text.find(before) + before.size();
      PromptRecord record;
      record.text = text.substr(from, text.find(" \n<disc_emb>") - from);
      const std::string file = expected["pixel_values"][i * copies];
      record.images = {local(file)};
      const PreparedPrompt prompt = preparer.prepare(record);
      CHECK(prompt.ids == row_of(tensors.at(side + ".prompt_ids"),
                                 tensors.at(side + ".prompt_mask"),
                                 i * copies));
      CHECK(prompt.patches == values_of<float>(pixels.at(file)));
      CHECK(json(prompt.media.at(0).grid) ==
            expected["image_grid_thw"][i * copies]);
    }
  }
}

}  // namespace
}  // namespace ume
