#include "tools/nitro_enc/schema_check.h"

#include <string>
#include <vector>

#include "tools/nitro_enc/json_writer.h"
#include "tools/nitro_enc/planned_paths.h"
#include "tools/nitro_enc/schema_file.h"
#include "tools/nitro_enc/schema_findings.h"

namespace nes::nitro_enc {
namespace {

struct RootPaths {
  std::string pointer;
  PathList list;
};

struct Report {
  std::string file;
  std::vector<RootPaths> roots;
  bool needs_root = false;  // requests have to name one
  std::vector<Finding> findings;
};

std::vector<RootPaths> paths_of(const schema::Schema& compiled) {
  std::vector<RootPaths> roots;
  for (std::string& pointer : compiled.roots()) {
    const schema::FieldPlan plan = compiled.plan(fragment_of(pointer)).value();
    roots.push_back({std::move(pointer), list_paths(plan)});
  }
  return roots;
}

void write_path(JsonWriter& json, const PlannedPath& path) {
  json.begin_object().key("path").string(path.path);
  if (path.repeats) {
    json.key("repeats").string(*path.repeats).end();
    return;
  }
  json.key("mode").string(mode_name(path.rule.mode)).key("context").string(path.rule.context);
  json.key("previous_contexts").begin_array();
  for (const std::string& previous : path.rule.previous_contexts) json.string(previous);
  json.end().end();
}

void write_list(JsonWriter& json, const PathList& list) {
  json.key("complete").boolean(list.complete).key("paths").begin_array();
  for (const PlannedPath& path : list.paths) write_path(json, path);
  json.end();
}

void write_roots(JsonWriter& json, const std::vector<RootPaths>& roots) {
  json.begin_array();
  for (const RootPaths& root : roots) {
    json.begin_object().key("root").string(root.pointer);
    write_list(json, root.list);
    json.end();
  }
  json.end();
}

void write_report(JsonWriter& json, const Report& report) {
  json.begin_object().key("file").string(report.file).key("root_required").boolean(report.needs_root);
  json.key("roots");
  write_roots(json, report.roots);
  json.key("warnings").begin_array();
  for (const Finding& finding : report.findings) {
    json.begin_object().key("kind").string(kind_name(finding.kind)).key("line").number(finding.line);
    json.key("root").string(finding.root).key("path").string(finding.path);
    json.key("text").string(describe(finding)).end();
  }
  json.end().end();
}

std::string_view shown(const std::string& path) { return path.empty() ? "/" : std::string_view(path); }

void print_list(std::ostream& out, std::string_view indent, const PathList& list) {
  for (const PlannedPath& path : list.paths) {
    out << indent << shown(path.path) << '\t';
    if (path.repeats)
      out << "repeats\t" << shown(*path.repeats) << '\n';
    else
      out << mode_name(path.rule.mode) << '\t' << path.rule.context << '\n';
  }
}

void print_report(std::ostream& out, const Report& report) {
  out << report.file << ": compiles; roots: " << report.roots.size() << '\n';
  if (report.needs_root) out << "  roots disagree: every request must name one\n";
  for (const RootPaths& root : report.roots) {
    if (root.list.paths.empty()) continue;
    out << "  #" << root.pointer << '\n';
    print_list(out, "    ", root.list);
    if (!root.list.complete) out << "    and more\n";
  }
}

}  // namespace

Status check_schemas(const Arguments& arguments, Context& context) {
  const auto options = compile_options(arguments, context);
  if (!options) return Status::kUsage;
  bool refused = false;
  bool warned = false;
  JsonWriter json;
  json.begin_array();
  for (const std::string_view path : arguments.operands()) {
    const auto file = load_schema(std::string(path), *options, context);
    if (!file) {
      refused = true;
      continue;
    }
    auto findings = find_mistakes(*file, *options);
    if (!findings.ok()) {
      context.refuse(path, findings.error());
      refused = true;
      continue;
    }
    const bool needs_root = !file->compiled->plan(std::nullopt).ok();
    const Report report{file->path, paths_of(*file->compiled), needs_root, std::move(*findings)};
    if (arguments.has("json"))
      write_report(json, report);
    else
      print_report(context.out, report);
    for (const Finding& finding : report.findings)
      context.err << report.file << ':' << finding.line << ": warning: " << describe(finding) << '\n';
    warned = warned || !report.findings.empty();
  }
  json.end();
  if (arguments.has("json")) context.out << std::move(json).finish();
  return refused || (warned && arguments.has("strict")) ? Status::kRefused : Status::kGood;
}

Status print_paths(const Arguments& arguments, Context& context) {
  const auto options = compile_options(arguments, context);
  if (!options) return Status::kUsage;
  const auto file = load_schema(std::string(arguments.operands().front()), *options, context);
  if (!file) return Status::kRefused;
  std::optional<std::string> fragment;
  if (const auto root = arguments.value("root"))
    fragment = fragment_of(root->starts_with('#') ? root->substr(1) : *root);
  const auto plan = file->compiled->plan(fragment);
  if (!plan.ok()) {
    const bool disagree = plan.error().code == ErrorCode::kSchemaRootRequired;
    return context.refuse(file->path + (disagree ? ": its roots disagree: choose one with --root"
                                                 : ": --root names no root of it"));
  }
  const PathList list = list_paths(*plan);
  if (!list.complete) context.warn(file->path + ": the list is cut: it is too long");
  if (!arguments.has("json")) {
    print_list(context.out, "", list);
    return Status::kGood;
  }
  JsonWriter json;
  json.begin_object();
  write_list(json, list);
  json.end();
  context.out << std::move(json).finish();
  return Status::kGood;
}

}  // namespace nes::nitro_enc
