/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SLSA provenance v1: what a builder says of a build. Members that aren't read are ignored, as SLSA
 * and in-toto want it of what may come from other tools.
 */
#include "slipway/provenance.h"

#include "statements.h"

#define SOURCE "source"
#define GIT_COMMIT "gitCommit"
#define GIT_COMMIT_MAX 64u
#define TIME_TEXT_MAX 64u

#define NOT_IN_MEMORY SIZE_MAX

/* Where the canonical forms of values are in memory, which moves while it grows. */
struct offsets {
    size_t of[SLW_PROVENANCE_PARAMETERS_MAX];
};

static enum slw_status read_value(const struct slw_fields *fields, uint32_t value,
                                  struct slw_provenance_parameter *parameter,
                                  struct slw_heap_buffer *memory, size_t *ret_offset)
{
    size_t before = memory->len;
    parameter->is_text = slw_json_kind(fields->json, value) == SLW_JSON_STRING;
    parameter->value = parameter->is_text ? slw_json_string(fields->json, value)
                                          : slw_json_canonical(fields->json, value, memory);
    if (memory->status != SLW_OK) {
        return slw_explain_no_memory(fields->detail);
    }
    *ret_offset = memory->len == before ? NOT_IN_MEMORY : before;
    return parameter->value.len > SLW_PROVENANCE_VALUE_MAX
               ? slw_fields_refuse(fields, value, "is too long")
               : SLW_OK;
}

static enum slw_status read_parameter(const struct slw_fields *fields, struct slw_bytes name,
                                      uint32_t value, struct slw_provenance *provenance,
                                      struct offsets *offsets)
{
    size_t at = provenance->parameters_count;
    if (name.len > SLW_STATEMENT_NAME_MAX) {
        return slw_fields_refuse(fields, value, "has a name that is too long");
    }
    if (at == SLW_PROVENANCE_PARAMETERS_MAX) {
        return slw_fields_refuse(fields, fields->object, "has too many parameters");
    }
    provenance->parameters[at].name = name;
    SLW_TRY(read_value(fields, value, &provenance->parameters[at], &provenance->memory,
                       &offsets->of[at]));
    provenance->parameters_count++;
    return SLW_OK;
}

/*
 * "externalParameters: The parameters that are under external control, such as those set by a user
 * or tenant of the build platform. They MUST be complete at SLSA Build L3". The source is one of
 * them, see the header.
 */
static enum slw_status read_parameters(const struct slw_fields *definition,
                                       struct slw_provenance *provenance)
{
    struct slw_fields fields = {definition->json, SLW_JSON_NONE, definition->detail};
    struct offsets offsets = {{0}};
    struct slw_bytes name;
    uint32_t value = SLW_JSON_NONE;
    SLW_TRY(slw_fields_value(definition, "externalParameters", SLW_JSON_OBJECT, &fields.object));
    struct slw_json_walk walk = slw_json_walk_begin(fields.json, fields.object);
    while (slw_json_walk_member(&walk, &name, &value)) {
        if (slw_bytes_equal(name, SLW_BYTES_OF(SOURCE))) {
            SLW_TRY(slw_fields_check_text(&fields, value, 1, SLW_STATEMENT_URI_MAX));
            provenance->source = slw_json_string(fields.json, value);
        } else {
            SLW_TRY(read_parameter(&fields, name, value, provenance, &offsets));
        }
    }
    for (size_t i = 0; i < provenance->parameters_count; i++) {
        if (offsets.of[i] != NOT_IN_MEMORY) {
            provenance->parameters[i].value.ptr = provenance->memory.ptr + offsets.of[i];
        }
    }
    return SLW_OK;
}

static enum slw_status read_commit(const struct slw_fields *dependency,
                                   struct slw_provenance *provenance)
{
    struct slw_fields digest = {dependency->json, SLW_JSON_NONE, dependency->detail};
    SLW_TRY(slw_fields_optional(dependency, "digest", SLW_JSON_OBJECT, &digest.object));
    return digest.object == SLW_JSON_NONE
               ? SLW_OK
               : slw_fields_optional_text(&digest, GIT_COMMIT, GIT_COMMIT_MAX,
                                          &provenance->git_commit);
}

/* "resolvedDependencies: Unordered collection of artifacts needed at build time": only when there
 * is one is it clear which of them is the source. */
static enum slw_status read_dependencies(const struct slw_fields *definition,
                                         struct slw_provenance *provenance)
{
    struct slw_fields dependency = {definition->json, SLW_JSON_NONE, definition->detail};
    struct slw_bytes uri = {0};
    uint32_t array = SLW_JSON_NONE;
    SLW_TRY(slw_fields_optional(definition, "resolvedDependencies", SLW_JSON_ARRAY, &array));
    struct slw_json_walk walk = slw_json_walk_begin(dependency.json, array);
    if (slw_json_count(dependency.json, array) != 1 ||
        !slw_json_walk_element(&walk, &dependency.object)) {
        return SLW_OK;
    }
    SLW_TRY(slw_fields_optional_text(&dependency, "uri", SLW_STATEMENT_URI_MAX, &uri));
    if (provenance->source.len == 0) {
        provenance->source = uri;
    }
    return read_commit(&dependency, provenance);
}

static enum slw_status read_run(const struct slw_fields *run, struct slw_provenance *provenance)
{
    struct slw_fields builder = {run->json, SLW_JSON_NONE, run->detail};
    struct slw_fields metadata = builder;
    SLW_TRY(slw_fields_value(run, "builder", SLW_JSON_OBJECT, &builder.object));
    SLW_TRY(slw_fields_text(&builder, "id", 1, SLW_STATEMENT_URI_MAX, &provenance->builder_id));
    SLW_TRY(slw_fields_optional(run, "metadata", SLW_JSON_OBJECT, &metadata.object));
    if (metadata.object == SLW_JSON_NONE) {
        return SLW_OK;
    }
    SLW_TRY(slw_fields_optional_text(&metadata, "invocationId", SLW_STATEMENT_URI_MAX,
                                     &provenance->invocation_id));
    SLW_TRY(
        slw_fields_optional_text(&metadata, "startedOn", TIME_TEXT_MAX, &provenance->started_on));
    return slw_fields_optional_text(&metadata, "finishedOn", TIME_TEXT_MAX,
                                    &provenance->finished_on);
}

static enum slw_status read_provenance(const struct slw_fields *predicate,
                                       struct slw_provenance *provenance)
{
    struct slw_fields definition = {predicate->json, SLW_JSON_NONE, predicate->detail};
    struct slw_fields run = definition;
    SLW_TRY(slw_fields_value(predicate, "buildDefinition", SLW_JSON_OBJECT, &definition.object));
    SLW_TRY(slw_fields_value(predicate, "runDetails", SLW_JSON_OBJECT, &run.object));
    SLW_TRY(slw_fields_text(&definition, "buildType", 1, SLW_STATEMENT_URI_MAX,
                            &provenance->build_type));
    SLW_TRY(read_parameters(&definition, provenance));
    SLW_TRY(read_dependencies(&definition, provenance));
    return read_run(&run, provenance);
}

enum slw_status slw_provenance_read(const struct slw_statement *statement,
                                    struct slw_provenance *ret_provenance,
                                    struct slw_detail *detail)
{
    struct slw_provenance provenance = {.subject_name = statement->subject_name};
    struct slw_fields predicate = {0};
    SLW_TRY(slw_statement_open(statement, SLW_STATEMENT_PROVENANCE, &predicate, detail));
    enum slw_status status = read_provenance(&predicate, &provenance);
    if (status != SLW_OK) {
        slw_provenance_free(&provenance);
        return status;
    }
    memcpy(provenance.content, statement->subject, sizeof provenance.content);
    *ret_provenance = provenance;
    return SLW_OK;
}

void slw_provenance_free(struct slw_provenance *provenance)
{
    slw_heap_drop(&provenance->memory);
    *provenance = (struct slw_provenance){0};
}

static enum slw_status read_again(const struct slw_statement *statement, struct slw_detail *detail)
{
    struct slw_provenance provenance;
    SLW_TRY(slw_provenance_read(statement, &provenance, detail));
    slw_provenance_free(&provenance);
    return SLW_OK;
}

/* A name may be any text, and the value of one that isn't text stands as it is. */
static void put_parameter(struct slw_fields_writer *writer,
                          const struct slw_provenance_parameter *parameter)
{
    writer->is_bad |= slw_bytes_equal(parameter->name, SLW_BYTES_OF(SOURCE));
    slw_fields_put_text(writer, NULL, parameter->name);
    slw_heap_append_text(&writer->text, ":");
    writer->json.needs_comma = false;
    if (parameter->is_text) {
        slw_fields_put_text(writer, NULL, parameter->value);
    } else {
        slw_heap_append(&writer->text, parameter->value);
    }
    writer->json.needs_comma = true;
}

static void put_definition(struct slw_fields_writer *writer,
                           const struct slw_provenance *provenance)
{
    slw_json_begin_object(&writer->json, "buildDefinition");
    slw_fields_put_text(writer, "buildType", provenance->build_type);
    slw_json_begin_object(&writer->json, "externalParameters");
    if (provenance->source.len != 0) {
        slw_fields_put_text(writer, SOURCE, provenance->source);
    }
    for (size_t i = 0; i < provenance->parameters_count; i++) {
        put_parameter(writer, &provenance->parameters[i]);
    }
    slw_json_end_object(&writer->json);
    if (provenance->git_commit.len != 0) {
        slw_json_begin_array(&writer->json, "resolvedDependencies");
        slw_json_begin_object(&writer->json, NULL);
        slw_fields_put_text(writer, "uri", provenance->source);
        slw_json_begin_object(&writer->json, "digest");
        slw_fields_put_text(writer, GIT_COMMIT, provenance->git_commit);
        slw_json_end_object(&writer->json);
        slw_json_end_object(&writer->json);
        slw_json_end_array(&writer->json);
    }
    slw_json_end_object(&writer->json);
}

static void put_unless_empty(struct slw_fields_writer *writer, const char *name,
                             struct slw_bytes text)
{
    if (text.len != 0) {
        slw_fields_put_text(writer, name, text);
    }
}

enum slw_status slw_provenance_format(const struct slw_provenance *provenance,
                                      struct slw_heap_buffer *ret_payload,
                                      struct slw_detail *detail)
{
    struct slw_fields_writer writer;
    slw_fields_begin(&writer);
    put_definition(&writer, provenance);
    slw_json_begin_object(&writer.json, "runDetails");
    slw_json_begin_object(&writer.json, "builder");
    slw_fields_put_text(&writer, "id", provenance->builder_id);
    slw_json_end_object(&writer.json);
    slw_json_begin_object(&writer.json, "metadata");
    put_unless_empty(&writer, "invocationId", provenance->invocation_id);
    put_unless_empty(&writer, "startedOn", provenance->started_on);
    put_unless_empty(&writer, "finishedOn", provenance->finished_on);
    slw_json_end_object(&writer.json);
    slw_json_end_object(&writer.json);
    return slw_statement_close(&writer, SLW_STATEMENT_PROVENANCE, provenance->subject_name,
                               provenance->content, read_again, ret_payload, detail);
}
