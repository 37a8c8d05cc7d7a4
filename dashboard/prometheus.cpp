#include "dashboard/prometheus.h"

#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

namespace ume {
namespace {

using nlohmann::json;
using Labels = std::vector<std::pair<std::string, std::string>>;

// Label values may hold anything; three characters have to be escaped.
std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

std::string number_text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  char text[32];
  std::snprintf(text, sizeof text, "%.17g", value);
  return text;
}

// All samples of one metric, as the format wants them together.
class Family {
 public:
  Family(const std::string& name, const char* type, const char* help)
      : name_(name) {
    text_ =
        "# HELP " + name + " " + help + "\n# TYPE " + name + " " + type + "\n";
  }
  Family& add(const json& value, const Labels& labels = {}) {
    if (!value.is_number() && !value.is_boolean()) return *this;
    text_ += name_;
    std::string separator = "{";
    for (const auto& [key, label] : labels) {
      text_ += separator + key + "=\"" + escaped(label) + "\"";
      separator = ",";
    }
    if (!labels.empty()) text_ += "}";
    const double number = value.is_boolean() ? (value.get<bool>() ? 1.0 : 0.0)
                                             : value.get<double>();
    text_ += " " + number_text(number) + "\n";
    ++count_;
    return *this;
  }
  // Empty when the family has no samples.
  std::string text() const { return count_ > 0 ? text_ : ""; }

 private:
  std::string name_;
  std::string text_;
  int count_ = 0;
};

std::string run_text(const json& status) {
  std::string out;
  out += Family("ume_run_info", "gauge", "The run; always 1.")
             .add(1, {{"run", status.value("run_id", "")},
                      {"state", status.value("state", "")}})
             .text();
  out += Family("ume_training_done", "gauge",
                "1 when all training phases are finished.")
             .add(status.value("training_done", json()))
             .text();
  out += Family("ume_weights_update", "gauge",
                "Updates that the newest published weights have seen.")
             .add(status["weights"].value("update", json()))
             .text();
  out += Family("ume_learner_incarnation", "gauge", "Starts of the learner.")
             .add(status.value("incarnation", json()))
             .text();
  out += Family("ume_seconds_left", "gauge",
                "Estimate for the current phase in seconds.")
             .add(status.value("seconds_left", json()))
             .text();
  return out;
}

std::string phases_text(const json& status) {
  Family done("ume_phase_steps_done", "gauge", "Steps done of a phase.");
  Family all("ume_phase_steps", "gauge", "Steps of a phase in all.");
  for (const json& phase : status["phases"]) {
    const Labels labels = {{"phase", phase.value("name", "")},
                           {"kind", phase.value("kind", "")}};
    done.add(phase.value("steps_done", json()), labels);
    all.add(phase.value("num_steps", json()), labels);
  }
  return done.text() + all.text();
}

std::string work_text(const json& status) {
  Family groups("ume_groups", "gauge", "Groups of the open update by state.");
  for (const auto& [state, count] : status["groups"].items()) {
    groups.add(count, {{"state", state}});
  }
  Family cohorts("ume_cohorts", "gauge", "Cohorts of the open update.");
  for (const auto& [state, count] : status["cohorts"].items()) {
    cohorts.add(count, {{"state", state}});
  }
  Family step("ume_step_metric", "gauge", "Metrics of the newest step.");
  for (const auto& [name, value] : status["metrics"].items()) {
    step.add(value, {{"name", name}});
  }
  std::string out = groups.text() + cohorts.text() + step.text();
  for (const auto& [name, value] : status["rates"].items()) {
    out += Family("ume_" + name, "gauge", "Over the last minute.")
               .add(value)
               .text();
  }
  return out;
}

std::string roles_text(const json& status) {
  Family silent("ume_role_silent", "gauge",
                "1 when a role was not heard of for a while.");
  Family restarts("ume_role_restarts_total", "counter",
                  "Restarts of a role since the coordinator started.");
  Family done("ume_role_done_total", "counter",
              "Groups, cohorts or items done by a role.");
  Family own("ume_role_metric", "gauge",
             "What a role says of itself, such as a circuit breaker's state.");
  for (const json& role : status["roles"]) {
    const Labels labels = {{"role", role.value("role", "")},
                           {"index", std::to_string(role.value("index", 0))}};
    silent.add(role.value("silent", json()), labels);
    restarts.add(role.value("restarts", json()), labels);
    done.add(role.value("done", json()), labels);
    const json metrics = role.value("metrics", json::object());
    for (const auto& [name, value] : metrics.items()) {
      Labels named = labels;
      named.emplace_back("name", name);
      own.add(value, named);
    }
  }
  return silent.text() + restarts.text() + done.text() + own.text();
}

std::string counters_text(const json& status) {
  std::string out;
  for (const auto& [name, value] : status["counters"].items()) {
    out += Family("ume_" + name + "_total", "counter",
                  "Counted by the coordinator over the run.")
               .add(value)
               .text();
  }
  return out;
}

}  // namespace

std::string prometheus_text(const std::string& status_json) {
  json status = json::parse(status_json, nullptr, false);
  if (!status.is_object()) return "";
  for (const char* part :
       {"weights", "groups", "cohorts", "metrics", "rates", "counters"}) {
    if (!status[part].is_object()) status[part] = json::object();
  }
  for (const char* part : {"phases", "roles"}) {
    if (!status[part].is_array()) status[part] = json::array();
  }
  return run_text(status) + phases_text(status) + work_text(status) +
         roles_text(status) + counters_text(status);
}

}  // namespace ume
