#include "reward/judge/judge_term.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "common/clock/clock.h"
#include "common/clock/deadline.h"
#include "common/error/error.h"
#include "common/http/http_client.h"
#include "reward/circuit_breaker.h"
#include "reward/judge/judge_prompt.h"
#include "tests/reward/extension_fixtures.h"
#include "tests/reward/script_process.h"

using namespace ume;
using Catch::Matchers::Contains;

namespace {

struct Judge {
  Judge() : script("tests/reward/services/judge_server.py") {
    base = "http://127.0.0.1:" + script.words().front();
  }
  RewardTermConfig term(const std::string& mode) const {
    RewardTermConfig term;
    term.name = "judge";
    term.extension.url = base + "/v1/" + mode;
    term.extension.model = "tiny";
    term.extension.prompt = "Score 0 to 1: {completion}";
    term.extension.timeout_ms = 5000;
    term.extension.retries = 0;
    return term;
  }
  ScriptProcess script;
  std::string base;
};

void check_all_failed(const RewardTable& table, const std::string& reason) {
  for (const RewardCell& cell : table.total.query) {
    CHECK(cell.state == CellState::kFailed);
    CHECK_THAT(cell.reason, Contains(reason));
  }
}

}  // namespace

TEST_CASE(
    "judge: scores are read as a number or an object, equal questions "
    "asked once") {
  const Judge judge;
  const RewardPipeline pipeline = pipeline_of(judge.term("ok"));
  const RewardTable table = pipeline.score(plain_cohort());
  CHECK(table.total.query[0].value == 0.25);
  CHECK(table.total.query[1].value == 0.75);
  CHECK(table.total.target[1].value == 0.75);
  // Four different completions on both sides together.
  CHECK(pipeline.metrics().at("judge/calls") == 4);
  CHECK(pipeline.score(plain_cohort()).total == table.total);
  CHECK(pipeline.metrics().at("judge/calls") == 4);  // they are known
}

TEST_CASE("judge: what is no answer fails, and is never a score") {
  const Judge judge;
  const std::pair<const char*, const char*> modes[] = {
      {"500", "answered 500"},      {"redirect", "answered 302"},
      {"garbage", "not"},           {"empty", "judge's response"},
      {"list", "no choices[0]"},    {"choices", "no choices[0]"},
      {"deep", "judge's response"}, {"huge", "longer than 262144 bytes"},
      {"headers", "longer than"},
  };
  for (const auto& [mode, reason] : modes) {
    INFO(mode);
    RewardTermConfig term = judge.term(mode);
    term.extension.breaker_failures = 100;
    check_all_failed(score_one(term, plain_cohort()), reason);
  }
}

TEST_CASE(
    "judge: an answer that is no score is asked for again, then invalid for "
    "its rows, and no failure of the service") {
  const Judge judge;
  const std::pair<const char*, const char*> modes[] = {
      {"words", "found 'I would say 0.5'"},
      {"range", "is not in 0"},
      {"nan", "is not in 0"},
      {"inf", "found '1e999'"},
      {"object", "expected a number"},
      {"blank", "found ''"},
      {"silent", "no text in `content`"},
  };
  for (const auto& [mode, reason] : modes) {
    INFO(mode);
    RewardTermConfig term = judge.term(mode);
    term.extension.retries = 1;
    term.extension.breaker_failures = 1;
    const RewardPipeline pipeline = pipeline_of(term);
    for (const RewardCell& cell : pipeline.score(plain_cohort()).total.query) {
      CHECK(cell.state == CellState::kInvalid);
      CHECK_THAT(cell.reason, Contains(reason));
    }
    const auto metrics = pipeline.metrics();
    CHECK(metrics.at("judge/retries") == 4);
    CHECK(metrics.at("judge/unreadable") == 8);
    CHECK(metrics.at("judge/failures") == 0);
    CHECK(metrics.at("judge/breaker_state") == 0);
  }
  RewardTermConfig term = judge.term("wordsonce");
  term.extension.retries = 1;
  term.extension.concurrency = 1;
  CHECK(score_one(term, plain_cohort()).total.query[0].value == 0.25);
}

TEST_CASE(
    "judge: while one call tries whether the judge is back, the others wait "
    "for it") {
  const Judge judge;
  RewardTermConfig term = judge.term("500first");
  term.extension.concurrency = 4;
  term.extension.breaker_failures = 1;
  term.extension.breaker_seconds = 0.05;
  const RewardPipeline pipeline = pipeline_of(term);
  Cohort one = plain_cohort();  // one question
  for (CohortSide* side : {&one.query, &one.target}) {
    side->completions.assign(4, "four");
  }
  check_all_failed(pipeline.score(one), "answered 500");
  CHECK(pipeline.metrics().at("judge/breaker_state") == 2);
  CHECK(pipeline.blocked_seconds() > 0.0);
  nap(0.06);
  CHECK(pipeline.blocked_seconds() == 0.0);
  for (const RewardCell& cell : pipeline.score(plain_cohort()).total.query) {
    CHECK(cell.state == CellState::kValue);
  }
}

TEST_CASE("judge: silence and a slow drip end with the attempt's time") {
  const Judge judge;
  for (const char* mode : {"hang", "drip"}) {
    RewardTermConfig term = judge.term(mode);
    term.extension.timeout_ms = 300;
    check_all_failed(score_one(term, plain_cohort()), "within 300 ms");
  }
  RewardTermConfig term = judge.term("hang");
  term.extension.retries = 50;
  term.extension.breaker_failures = 1000;
  term.extension.deadline_ms = 500;
  check_all_failed(score_one(term, plain_cohort()), "ms");
}

TEST_CASE("judge: overload is tried again, after Retry-After") {
  const Judge judge;
  for (const char* mode : {"busy", "500once"}) {
    RewardTermConfig term = judge.term(mode);
    term.extension.retries = 2;
    term.extension.concurrency = 1;
    const RewardPipeline pipeline = pipeline_of(term);
    CHECK(pipeline.score(plain_cohort()).total.query[0].value == 0.25);
    CHECK(pipeline.metrics().at("judge/retries") == 1);
  }
  RewardTermConfig term = judge.term("429");
  term.extension.retries = 3;
  term.extension.deadline_ms = 500;  // less than Retry-After
  const RewardPipeline pipeline = pipeline_of(term);
  check_all_failed(pipeline.score(plain_cohort()), "answered 429: later");
  CHECK(pipeline.metrics().at("judge/breaker_state") == 0);
}

TEST_CASE("judge: failures in a row open the breaker, and questions stop") {
  const Judge judge;
  RewardTermConfig term = judge.term("500");
  term.extension.concurrency = 1;
  term.extension.breaker_failures = 2;
  const RewardPipeline pipeline = pipeline_of(term);
  const RewardTable table = pipeline.score(plain_cohort());
  int not_tried = 0;
  for (const RewardCell& cell : table.total.query) {
    CHECK(cell.state == CellState::kFailed);
    not_tried += cell.reason.find("breaker is open") != std::string::npos;
  }
  CHECK(not_tried == 2);
  CHECK(pipeline.metrics().at("judge/breaker_state") == 2);
}

TEST_CASE("judge: at most `concurrency` questions are open at once") {
  const Judge judge;
  Cohort cohort = plain_cohort();
  cohort.group_size = 8;
  for (CohortSide* side : {&cohort.query, &cohort.target}) {
    side->completions.clear();
    for (int i = 0; i < 16; ++i) {
      side->completions.push_back("answer " + std::to_string(i));
    }
    side->has_embedding.assign(16, 0);
    side->gen_embeddings.assign(32, 0.0f);
    side->completion_tokens.assign(16, 1);
  }
  RewardTermConfig term = judge.term("ok");
  term.extension.concurrency = 3;
  CHECK(score_one(term, cohort).total.query[15].value == 0.25);
  HttpPost ask;
  ask.url = judge.base + "/v1/words";
  ask.body = "{\"messages\": [{\"content\": \"\"}]}";
  CHECK(HttpClient().post(ask).status == 200);
  // The server counts; one question more is ours.
  FILE* count = popen(("exec /usr/bin/python3 -c \"import urllib.request as r; "
                       "print(r.urlopen('" +
                       judge.base + "/count').read().decode())\"")
                          .c_str(),
                      "r");
  char text[100] = "";
  REQUIRE(std::fgets(text, sizeof text, count) != nullptr);
  pclose(count);
  const auto counted = nlohmann::json::parse(text);
  CHECK(counted["asked"] == 17);
  CHECK(counted["most"] <= 3);
}

TEST_CASE("judge: placeholders are filled in once, by side") {
  Cohort cohort = plain_cohort();
  cohort.query.completions[0] = "four {answer}";
  const std::string text = "{side} {prompt} {x} {completion}";
  CHECK(judge_prompt(text, cohort, Side::kQuery, 0) ==
        "query what is this? {x} four {answer}");
  CHECK(judge_prompt("{reasoning}|{other_prompt}|{source}{", cohort,
                     Side::kTarget, 2) == "a|and this?|animals{");
  const Judge judge;
  RewardTermConfig term = judge.term("echo");
  term.extension.prompt = text;
  CHECK(score_one(term, cohort).total.query[0].value == 1.0);
}

TEST_CASE("judge: the key is read where it is told, and never travels open") {
  const Judge judge;
  RewardConfig config;
  config.terms = {judge.term("auth")};
  config.terms[0].extension.api_key_env = "JUDGE_KEY";
  RewardEnvironment environment;
  CHECK_THROWS_WITH(make_reward_pipeline(config, environment),
                    Contains("JUDGE_KEY is not set"));
  environment.variable = [](const std::string& name) {
    return name == "JUDGE_KEY" ? std::optional<std::string>("sesame")
                               : std::nullopt;
  };
  const auto pipeline = make_reward_pipeline(config, environment);
  CHECK(pipeline.score(plain_cohort()).total.query[0].value == 0.25);
  for (const char* url :
       {"http://example.com/v1/chat/completions",
        "http://127.0.0.1:x@evil.example/v1", "http://127.0.0.1@evil.example",
        "http://localhost.evil.example/", "http://127.0.0.1.evil.example/"}) {
    INFO(url);
    config.terms[0].extension.url = url;
    CHECK_THROWS_WITH(make_reward_pipeline(config, environment),
                      Contains("unencrypted"));
  }
  for (const char* url : {"http://127.0.0.1/v1", "http://LOCALHOST/",
                          "http://[::1]/", "https://example.com/v1"}) {
    INFO(url);
    config.terms[0].extension.url = url;
    CHECK_NOTHROW(make_reward_pipeline(config, environment));
  }
  config.terms[0].extension.url = "http://[::1/v1";
  CHECK_THROWS_WITH(make_reward_pipeline(config, environment),
                    Contains("not a URL"));
  check_all_failed(score_one(judge.term("auth"), plain_cohort()),
                   "answered 401: who?");
}

TEST_CASE("judge: a giant completion is not sent; the others are scored") {
  const Judge judge;
  Cohort cohort = plain_cohort();
  while (cohort.query.completions[0].size() < (1 << 20)) {
    cohort.query.completions[0] += "<think>";
  }
  const RewardTable table = score_one(judge.term("ok"), cohort);
  CHECK(table.total.query[0].state == CellState::kInvalid);
  CHECK(table.total.query[1].value == 0.75);
}

TEST_CASE(
    "circuit breaker: open after failures in a row, one call when "
    "half-open") {
  ManualClock clock;
  CircuitBreaker breaker({2, 10.0}, clock);
  using State = CircuitBreaker::State;
  breaker.failed("a");
  breaker.succeeded();
  breaker.failed("b");
  CHECK(breaker.state() == State::kClosed);
  breaker.failed("c");
  CHECK(breaker.state() == State::kOpen);
  CHECK_THAT(breaker.refusal().value(),
             Contains("2 failures") && Contains("c"));
  clock.advance(10.0);
  CHECK_FALSE(breaker.refusal());
  CHECK(breaker.state() == State::kHalfOpen);
  CHECK(breaker.refusal());  // another one has to wait for it
  breaker.failed("d");
  CHECK(breaker.state() == State::kOpen);
  clock.advance(10.0);
  CHECK_FALSE(breaker.refusal());
  breaker.succeeded();
  CHECK(breaker.state() == State::kClosed);
  CHECK_FALSE(breaker.refusal());
}

TEST_CASE(
    "circuit breaker: those that wait for the outcome of the one that tries "
    "learn it") {
  const SystemClock clock;
  for (const bool works : {true, false}) {
    CircuitBreaker breaker({1, 0.0}, clock);
    breaker.failed("a");
    CHECK_FALSE(breaker.refusal());  // half-open: this call tries
    CHECK(breaker.refusal(0.01));    // it takes too long
    std::optional<std::string> told;
    std::jthread waiting([&] { told = breaker.refusal(60.0); });
    nap(0.02);
    works ? breaker.succeeded() : breaker.failed("b");
    waiting.join();
    // After a failure it is this one's turn to try: it was open for no time.
    CHECK_FALSE(told);
    CHECK((breaker.state() == CircuitBreaker::State::kClosed) == works);
  }
}
