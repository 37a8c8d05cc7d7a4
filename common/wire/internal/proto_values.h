#pragma once

#include <map>
#include <string>

#include "common/types/messages.h"
#include "common/wire/internal/arrays.h"
#include "common/wire/internal/field.h"
#include "common/wire/ume.pb.h"

// Values inside messages, to and from Protobuf. put_* throw InvalidInput for
// what the wire cannot carry; get_* for what must not be believed.
namespace ume {

// The text, after a check that it is UTF-8.
const std::string& utf8(const std::string& text, const char* field);

void put_role(Role role, v1::RegisterRequest* out);
Role get_role(const v1::RegisterRequest& in, const Field& field);

void put(const PolicyVersion& value, v1::PolicyVersion* out);
void put(const WeightManifest& value, v1::WeightManifest* out);
void put(const GroupId& value, v1::GroupId* out);
void put(const SamplingParams& value, v1::SamplingParams* out);
void put(const PromptRecord& value, v1::PromptRecord* out);
void put(const GroupResult& value, v1::GroupResult* out, ArrayWriter& arrays);
void put(const Cohort& value, v1::Cohort* out, ArrayWriter& arrays);
void put(const RewardTable& value, v1::RewardTable* out, ArrayWriter& arrays);
void put(const BatchSlice& value, v1::BatchSlice* out, ArrayWriter& arrays);
void put(const std::map<std::string, double>& value, v1::MetricSet* out);

PolicyVersion get(const v1::PolicyVersion& in);
WeightManifest get(const v1::WeightManifest& in, const Field& field);
GroupId get(const v1::GroupId& in, const Field& field);
SamplingParams get(const v1::SamplingParams& in, const Field& field);
PromptRecord get(const v1::PromptRecord& in, const Field& field);
GroupResult get(const v1::GroupResult& in,
                ArrayReader& arrays,
                const Field& field);
Cohort get(const v1::Cohort& in, ArrayReader& arrays, const Field& field);
RewardTable get(const v1::RewardTable& in,
                ArrayReader& arrays,
                const Field& field);
BatchSlice get(const v1::BatchSlice& in,
               ArrayReader& arrays,
               const Field& field);
std::map<std::string, double> get(const v1::MetricSet& in, const Field& field);

}  // namespace ume
