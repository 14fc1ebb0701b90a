/* SPDX-License-Identifier: Apache-2.0 */
/* The signing service as the settings name it. See part.h. */
#include "part.h"

#include "slipway/text.h"

#define CONNECT_MS 3000u

static const char *text_or_null(const char *text)
{
    return text[0] == '\0' ? NULL : text;
}

/* The log's own signature is what the depot asks for; how many witnesses there have to be is the
 * device's to say. */
static enum slw_status read_log(const char *text, struct releases_service *service,
                                struct slw_detail *detail)
{
    SLW_TRY(slw_note_key_parse("[signer] log", slw_text_bytes(text), &service->log, detail));
    if (service->log.type != SLW_NOTE_ED25519) {
        return slw_explain(detail, SLW_BAD_KEY, "[signer] log: a witness's key, not a log's");
    }
    service->transparency = (struct slw_transparency){
        .log = {.name = slw_text_bytes(service->log.name)},
    };
    memcpy(service->transparency.log.ed25519, service->log.value,
           sizeof service->transparency.log.ed25519);
    return slw_transparency_check(&service->transparency) == SLW_OK
               ? SLW_OK
               : slw_explain(detail, SLW_BAD_KEY, "[signer] log: not the key of a log");
}

enum slw_status releases_service_open(const struct depot_settings *settings,
                                      struct releases_service *ret_service,
                                      struct slw_detail *detail)
{
    const struct slw_signer_client_settings client = {
        .url = settings->signer.url,
        .ca_file = text_or_null(settings->signer.ca),
        .certificate_file = text_or_null(settings->signer.certificate),
        .key_file = text_or_null(settings->signer.key),
        .connect_timeout_ms = CONNECT_MS,
        .attempts = 1, /* the next round asks again */
    };
    struct releases_service *service = ret_service;
    *service = (struct releases_service){.client = NULL};
    if (client.url[0] == '\0') {
        return slw_explain(detail, SLW_WRONG_STATE, "[signer] url: there is none");
    }
    enum slw_status status = read_log(settings->signer.log, service, detail);
    if (status == SLW_OK) {
        status =
            slw_private_key_load(settings->signer.requester_key, NULL, &service->requester, detail);
    }
    if (status == SLW_OK) {
        status = slw_signer_client_new(&client, &service->client, detail);
    }
    if (status != SLW_OK) {
        releases_service_close(service);
    }
    return status;
}

void releases_service_close(struct releases_service *service)
{
    slw_signer_client_free(service->client);
    slw_private_key_free(service->requester);
    service->client = NULL;
    service->requester = NULL;
}

enum slw_status releases_service_key(const struct depot_settings *settings, const char *name,
                                     struct slw_public_key *ret_key, struct slw_detail *detail)
{
    for (size_t i = 0; i < settings->signer.keys_count; i++) {
        if (strcmp(settings->signer.keys[i].name, name) == 0) {
            return slw_public_key_load(settings->signer.keys[i].file, ret_key, detail);
        }
    }
    return slw_explain(detail, SLW_NOT_FOUND, "[signer] keys.%s: there is no such key", name);
}
