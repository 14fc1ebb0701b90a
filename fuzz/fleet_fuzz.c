/* SPDX-License-Identifier: Apache-2.0 */
/* What comes from devices and goes to them, the first byte says which: taken or refused, and freed.
 */
#include "slipway/fleet.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct slw_fleet_opened opened;
    struct slw_bytes input = slw_bytes_make(data, size);
    struct slw_fleet_answer answer;
    struct slw_detail detail = {""};
    switch (fuzz_choice(&input) % 2) {
    case 0:
        if (slw_fleet_enrol_open(input, &opened, &detail) == SLW_OK) {
            FUZZ_CHECK(slw_fleet_device_is_good(opened.enrol.device));
            slw_fleet_opened_free(&opened);
        }
        break;
    default:
        if (slw_fleet_answer_read(input, &answer, &detail) == SLW_OK) {
            FUZZ_CHECK(answer.next_s > 0);
            slw_fleet_answer_free(&answer);
        }
        break;
    }
    return 0;
}
