/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The application of a lamp that blinks how it is: what the example bundles, see ../CMakeLists.txt.
 * On a board it would drive a pin; here it prints.
 */
#include <stdio.h>
#include <string.h>

#ifndef LAMP_VERSION
#define LAMP_VERSION "of no release" /* the build says which */
#endif

/* One letter a step: on or off. */
static const char *pattern_for(const char *mood)
{
    if (strcmp(mood, "fine") == 0) {
        return "#...";
    }
    return strcmp(mood, "updating") == 0 ? "#.#." : "####";
}

#ifdef LAMP_DEBUG_CONSOLE
/* Anybody at the serial port may do anything: for a desk, and found by the content rules. */
static void run_console(void)
{
    puts("lamp-debug-console: type help");
}
#endif

int main(int argc, char **argv)
{
    printf("lamp %s: %s\n", LAMP_VERSION, pattern_for(argc > 1 ? argv[1] : "fine"));
#ifdef LAMP_DEBUG_CONSOLE
    run_console();
#endif
    return 0;
}
