#pragma once

#include <string>
#include <vector>

#include "common/types/messages.h"

// One message of each kind with every field set, none to its default, and with
// the lengths that fields demand of each other.
namespace ume {

inline PromptRecord sample_prompt() {
  return {"what is this? ü",
          {{"photos", "a/b.png", "00ff"}},
          {{"clips", "f0.png", "11ee"}, {".", "f1.png", ""}},
          3.5};
}

inline WeightManifest sample_manifest() {
  return {{9, 2}, "shm", "/dev/shm/ume/w9", 1234567890123, "abcd"};
}

inline SamplingParams sample_sampling() {
  return {0.7, 50, 0.9, 33, true};
}

inline Trajectory sample_trajectory(int32_t sample) {
  Trajectory t;
  t.sample = sample;
  t.ids = {5, 151643, 2147483647};
  t.completion = "<think>é</think>";
  t.logprobs = {-0.5f, -1e-3f, -20.25f};
  t.gen_embedding = {0.6f, -0.8f};
  t.embedding_source = EmbeddingSource::kCompletion;
  t.finish = FinishReason::kLength;
  return t;
}

inline GroupResult sample_result() {
  GroupResult r;
  r.group = {77, Side::kTarget};
  r.fencing = 12;
  r.version = {8, 3};
  r.weight_hash = "beef";
  r.prompt_digest = "feed";
  r.prompt_tokens = 101;
  r.sampling = sample_sampling();
  r.trajectories = {sample_trajectory(0), sample_trajectory(1)};
  r.trajectories[1].gen_embedding.clear();
  r.trajectories[1].embedding_source = EmbeddingSource::kNone;
  r.disc_embedding = {1.0f, 0.0f};
  r.seconds = 0.25;
  return r;
}

inline CohortSide sample_side(int32_t first) {
  CohortSide side;
  side.completions = {"a", "b", "c", "d"};
  side.gen_embeddings = {1, 0, 0, 1, 0, 0, -1, 0};
  side.has_embedding = {1, 1, 0, 1};
  side.completion_tokens = {first, 2, 3, 4};
  side.disc_embeddings = {0.6f, 0.8f, 1, 0};
  side.prompts = {"what is this?", "ü"};
  side.embedding_sources = {EmbeddingSource::kCompletion,
                            EmbeddingSource::kPrompt, EmbeddingSource::kNone,
                            EmbeddingSource::kCompletion};
  return side;
}

inline Cohort sample_cohort() {
  Cohort c;
  c.id = 4;
  c.update = 6;
  c.num_pairs = 2;
  c.group_size = 2;
  c.dim = 2;
  c.dispatch_index = {10, 1ULL << 40};
  c.sources = {"flags", "animals"};
  c.query_digests = {"q0", "q1"};
  c.target_digests = {"t", "t"};
  c.duplicate_ids = {"", "flag 7"};
  c.query = sample_side(1);
  c.target = sample_side(9);
  return c;
}

inline RewardColumn sample_column(const std::string& name) {
  return {
      name,
      {{CellState::kValue, 1.5, ""},
       {CellState::kInvalid, 0.0, "no embedding"}},
      {{CellState::kFailed, 0.0, "timed out"}, {CellState::kValue, -2.0, ""}}};
}

inline RewardTable sample_table() {
  return {"p0",
          "d0",
          {sample_column("format"), sample_column("ranking")},
          sample_column("total"),
          {{"reward_equal_targets", 2.0}, {"reward_group_std/format", 0.25}}};
}

inline BatchSlice sample_slice() {
  TrainGroup group;
  group.group = {5, Side::kTarget};
  group.prompt = sample_prompt();
  group.prompt_digest = "cafe";
  group.version = {6, 1};
  group.completion_ids = {{1, 2, 3}, {4}};
  group.logprobs = {{-1.0f, -2.0f, -0.125f}, {-3.0f}};
  group.rewards = {1.25, -0.5};
  BatchSlice slice;
  slice.update = 6;
  slice.plan_id = "plan-6";
  slice.plan_hash = "0123";
  slice.num_trajectories[0] = 16;
  slice.num_trajectories[1] = 8;
  slice.num_tokens[0] = 640;
  slice.num_tokens[1] = 320;
  slice.groups = {group, group};
  return slice;
}

inline std::vector<Request> sample_requests() {
  return {
      RegisterRequest{Role::kLearner, 1, 4, "start-1", 4321},
      LeaseRequest{3},
      RenewRequest{3, {7, Side::kTarget}, 44},
      GroupResultRequest{2, sample_result()},
      CohortRequest{"p0", 2, 1234567890123, "loaded p0", 7.5},
      RewardResultRequest{4, sample_table(), 2, {{"judge/calls", 12.0}}, 2.5},
      WorkRequest{2, 1, 17},
      WorkDoneRequest{2,
                      1,
                      17,
                      {{{"loss", 0.5}, {"lr", 1e-6}}, {{"loss", 0.25}}},
                      sample_manifest(),
                      "c0de",
                      "state.json: damaged"},
      ProgressRequest{2, 1, 12, {{"loss", 0.5}}},
      StatusRequest{},
      ShutdownRequest{"interrupt"},
  };
}

inline std::vector<Reply> sample_replies() {
  return {
      RegisterReply{7},
      WaitReply{0.5, "rewards of cohort 3"},
      StopReply{"the run is complete"},
      RefusedReply{"incarnation 1 was superseded by 2"},
      AckReply{},
      LeaseReply{{7, Side::kTarget},
                 44,
                 30.0,
                 4,
                 1ULL << 63,
                 sample_sampling(),
                 sample_prompt(),
                 sample_manifest()},
      CohortReply{sample_cohort(), "d0"},
      WorkReply{3, BeginPhaseItem{"grpo", "runs/a/sft", "runs/a/c", 5, 50, 30}},
      StatusReply{R"({"phase": "grpo"})"},
      // The other kinds of work.
      WorkReply{4, SftStepsItem{"sft", 10, 5}},
      WorkReply{5, GrpoUpdateItem{"grpo", 6, sample_slice()}},
      WorkReply{6, SaveCheckpointItem{"grpo", 7, "runs/a/checkpoints/x", true}},
  };
}

}  // namespace ume
