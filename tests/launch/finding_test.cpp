#include "launch/doctor/finding.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace ume {
namespace {

const Finding kGood{"cores", FindingKind::kGood, "2", ""};
const Finding kWarned{"memory", FindingKind::kWarning, "1 GiB", "buy some"};
const Finding kLost{"ports", FindingKind::kUnreachable, "none", "open one"};
const Finding kAbsent{"Open MPI", FindingKind::kMissing, "none", "install it"};

TEST_CASE("doctor's exit code is that of the gravest finding") {
  CHECK(findings_exit_code({kGood}) == 0);
  CHECK(findings_exit_code({kGood, kWarned}) == 0);
  CHECK(findings_exit_code({kLost, kGood}) == 69);
  CHECK(findings_exit_code({kLost, kAbsent, kWarned}) == 78);
}

TEST_CASE("doctor says what was found and what to do, to people and scripts") {
  const Findings findings = {kGood, kAbsent};
  const std::string text = findings_text(findings, "1.2");
  CHECK_THAT(text, Catch::Contains("ume 1.2") && Catch::Contains("missing") &&
                       Catch::Contains("-> install it"));
  const auto json = nlohmann::json::parse(findings_json(findings, "1.2"));
  CHECK(json["exit_code"] == 78);
  CHECK(json["checks"][1]["status"] == "missing");
  CHECK(json["checks"][1]["advice"] == "install it");
}

}  // namespace
}  // namespace ume
