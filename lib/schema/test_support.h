// For the tests of this folder: documents in few words, and rules as text.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "schema/field_plan.h"

namespace nes::schema {

using SchemaPtr = std::shared_ptr<const Schema>;

inline Result<SchemaPtr> compile_yaml(std::string_view text, CompileOptions options = {}) {
  return Schema::compile(text, SourceFormat::kYaml, options);
}

inline Result<SchemaPtr> compile_json(std::string_view text, CompileOptions options = {}) {
  return Schema::compile(text, SourceFormat::kJson, options);
}

// An OpenAPI 3.1 document with these component schemas, one or more lines of YAML each: "A: {type: string}".
inline std::string components(std::string_view schemas) {
  std::string text = "openapi: 3.1.0\ncomponents:\n  schemas:\n";
  while (!schemas.empty()) {
    const std::string_view line = schemas.substr(0, schemas.find('\n'));
    text.append("    ").append(line).append("\n");
    schemas.remove_prefix(std::min(schemas.size(), line.size() + 1));
  }
  return text;
}

inline Result<SchemaPtr> compile_components(std::string_view schemas, CompileOptions options = {}) {
  return compile_yaml(components(schemas), options);
}

// Compiles, or fails the test and gives a schema without roots.
inline SchemaPtr compiled(const Result<SchemaPtr>& result) {
  if (result.ok()) return *result;
  ADD_FAILURE() << "line " << result.error().position << ": " << result.error().reason.view();
  return *compile_yaml("openapi: 3.1.0");
}

inline SchemaPtr schemas(std::string_view text, CompileOptions options = {}) {
  return compiled(compile_components(text, options));
}

inline json::PlanState walk(const FieldPlan& plan, std::string_view path) {
  json::PlanState state = plan.start();
  while (!path.empty()) {
    const std::string_view step = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(path.size(), step.size() + 1));
    if (plan.rule(state) != json::kNoRule) return state;
    state = step.starts_with('[') ? plan.element(state, std::stoul(std::string(step.substr(1))))
                                  : plan.member(state, step);
  }
  return state;
}

inline std::string text_of(const Rule& rule) {
  std::string text = rule.mode == Mode::kDeterministic ? "deterministic" : "randomized";
  if (!rule.context.empty()) text += ":" + rule.context;
  for (const std::string& context : rule.previous_contexts) text += "<" + context;
  return text;
}

// What happens to the value at `path` ("a/[0]/b", elements in brackets): "open", or its rule or that of a
// value around it, as "randomized", "deterministic:label", "…<previous<…".
inline std::string seal(const FieldPlan& plan, std::string_view path) {
  const json::RuleIndex rule = plan.rule(walk(plan, path));
  return rule == json::kNoRule ? "open" : text_of(plan.rule_at(rule));
}

// The same for the root `/components/schemas/<name>`.
inline std::string seal(const SchemaPtr& schema, std::string_view name, std::string_view path) {
  const auto plan = schema->plan("/components/schemas/" + std::string(name));
  return plan.ok() ? seal(*plan, path) : std::string(error_code_name(plan.error().code));
}

// The same without a fragment.
inline std::string seal_any(const SchemaPtr& schema, std::string_view path) {
  const auto plan = schema->plan(std::nullopt);
  return plan.ok() ? seal(*plan, path) : std::string(error_code_name(plan.error().code));
}

// "ok", or "<line>: <reason>".
inline std::string refusal(const Result<SchemaPtr>& result) {
  if (result.ok()) return "ok";
  EXPECT_TRUE(result.error().code == ErrorCode::kSchemaRefused || result.error().code == ErrorCode::kLimit);
  return std::to_string(result.error().position) + ": " + std::string(result.error().reason.view());
}

// The reason alone; the document is `components(text)`.
inline std::string reason(std::string_view text) {
  const auto result = compile_components(text);
  return result.ok() ? "ok" : std::string(result.error().reason.view());
}

}  // namespace nes::schema
