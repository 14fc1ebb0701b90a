# SPDX-License-Identifier: Apache-2.0
# CMake functions by which a firmware project makes update bundles: assemble, validate, sign for development, endorse,
# submit to a signing service. Copy this file into your project; it needs nothing but the program `slipway`.
#
#     include(cmake/Slipway.cmake)
#     slipway_bundle(bundle ALL OUTPUT lamp.bundle FILES "app=$<TARGET_FILE:app>" DEPENDS app
#                    PRODUCT lamp HARDWARE lamp-1 BUILD_TYPE user VERSION 12)
#     slipway_validate(validated BUNDLE bundle RULES rules.json)
#     slipway_endorse(endorsed BUNDLE validated OUTPUT lamp-endorsed.bundle KEY "${BUILDER_KEY}"
#                     BUILDER_ID https://ci.example/prod BUILD_TYPE https://ci.example/cmake/v1
#                     SOURCE git+https://git.example/lamp COMMIT "${COMMIT}" PARAMETERS variant=user)
#     slipway_submit(signed BUNDLE endorsed OUTPUT lamp-signed.bundle KEY lamp-prod CHANNEL stable CONFIG sign.conf)
#
# Each makes a target that others name by BUNDLE, and that `cmake --build build --target NAME` builds; with ALL it is built
# without being asked for. A step never changes the file of the one before it, and a step that fails leaves no file, so
# that nothing goes on with half of one. Keys are files or `pkcs11:` URIs; only their names are in the build files.
# docs/BUILDING.md in Slipway's sources says what each step is for.

cmake_minimum_required(VERSION 3.18)

find_program(SLIPWAY_PROGRAM slipway DOC "The program of Slipway that makes and signs update bundles")
if(NOT SLIPWAY_PROGRAM)
    message(FATAL_ERROR "Slipway.cmake: there is no program `slipway`; -DSLIPWAY_PROGRAM=PATH says where it is")
endif()

define_property(TARGET PROPERTY SLIPWAY_FILE BRIEF_DOCS "The bundle of a step"
                FULL_DOCS "The bundle that a step of Slipway.cmake makes or checks, for the steps behind it")
define_property(TARGET PROPERTY SLIPWAY_MADE BRIEF_DOCS "What a step leaves when it is done"
                FULL_DOCS "The file by which the steps behind a step of Slipway.cmake know that it is done")

# Private: stops for arguments that nobody knows, and for those that must be there.
macro(_slipway_check function)
    if(step_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "${function}: doesn't know ${step_UNPARSED_ARGUMENTS}")
    endif()
    if(step_KEYWORDS_MISSING_VALUES)
        message(FATAL_ERROR "${function}: without a value: ${step_KEYWORDS_MISSING_VALUES}")
    endif()
    foreach(argument ${ARGN})
        if(NOT DEFINED step_${argument})
            message(FATAL_ERROR "${function}: ${argument} is missing")
        endif()
    endforeach()
endmacro()

# Private: the bundle of the step named by BUNDLE in `input`, what that step leaves in `made`.
macro(_slipway_input function)
    if(NOT TARGET "${step_BUNDLE}")
        message(FATAL_ERROR "${function}: BUNDLE ${step_BUNDLE} is no target")
    endif()
    get_target_property(input "${step_BUNDLE}" SLIPWAY_FILE)
    if(NOT input)
        message(FATAL_ERROR "${function}: BUNDLE ${step_BUNDLE} is no step of Slipway.cmake")
    endif()
    get_target_property(made "${step_BUNDLE}" SLIPWAY_MADE)
endmacro()

# Private: appends `option value` to `command` for each value of an argument that was given.
macro(_slipway_option argument option)
    foreach(value IN LISTS step_${argument})
        list(APPEND command ${option} "${value}")
    endforeach()
endmacro()

# Private: `path` absolute, below the build directory when it was relative.
macro(_slipway_output argument)
    get_filename_component(output "${step_${argument}}" ABSOLUTE BASE_DIR "${CMAKE_CURRENT_BINARY_DIR}")
endmacro()

# Private: `path` absolute, below the source directory when it was relative. Tokens' URIs stay as they are.
macro(_slipway_source_file argument)
    if(DEFINED step_${argument} AND NOT "${step_${argument}}" MATCHES "^pkcs11:")
        get_filename_component(step_${argument} "${step_${argument}}" ABSOLUTE BASE_DIR "${CMAKE_CURRENT_SOURCE_DIR}")
    endif()
endmacro()

# Private: the target of a step: its bundle, and the file that a custom command leaves.
function(_slipway_target name all file made)
    if(all)
        set(all ALL)
    else()
        set(all)
    endif()
    add_custom_target("${name}" ${all} DEPENDS "${made}")
    set_target_properties("${name}" PROPERTIES SLIPWAY_FILE "${file}" SLIPWAY_MADE "${made}")
endfunction()

# Private: a step that changes a copy of the bundle by `command`, whose last argument is the copy's path.
function(_slipway_change name all input made output comment)
    add_custom_command(
        OUTPUT "${output}"
        COMMAND "${CMAKE_COMMAND}" -E copy "${input}" "${output}.part"
        COMMAND ${ARGN} "${output}.part"
        COMMAND "${CMAKE_COMMAND}" -E rename "${output}.part" "${output}"
        DEPENDS "${input}" "${made}"
        COMMENT "${comment}"
        VERBATIM)
    _slipway_target("${name}" "${all}" "${output}" "${output}")
endfunction()

# slipway_bundle(NAME [ALL] OUTPUT FILE FILES NAME=PATH… [DEPENDS TARGET…] [PRODUCT P] [HARDWARE ID…]
#                [BUILD_TYPE dev|test|user] [VERSION N] [RELEASE_VERSION V] [URGENCY WORD] [NOTES FILE]
#                [MIN_INSTALLED_VERSION N] [SECURITY_FLOOR N] [EXPIRES TIME] [USER_MANIFEST FILE]
#                [ROOT FILE] [ROOT_HISTORY FILE…])
#
# An unsigned bundle of files. PATH may be a generator expression; the targets that make them go into DEPENDS.
function(slipway_bundle name)
    cmake_parse_arguments(PARSE_ARGV 1 step "ALL"
        "OUTPUT;PRODUCT;BUILD_TYPE;VERSION;RELEASE_VERSION;URGENCY;NOTES;MIN_INSTALLED_VERSION;SECURITY_FLOOR;\
EXPIRES;USER_MANIFEST;ROOT"
        "FILES;DEPENDS;HARDWARE;ROOT_HISTORY")
    _slipway_check(slipway_bundle OUTPUT FILES)
    _slipway_output(OUTPUT)
    foreach(argument NOTES USER_MANIFEST ROOT)
        _slipway_source_file(${argument})
        list(APPEND step_DEPENDS ${step_${argument}})
    endforeach()
    set(command "${SLIPWAY_PROGRAM}" bundle create --no-progress --quiet)
    _slipway_option(FILES --file)
    _slipway_option(PRODUCT --product)
    _slipway_option(HARDWARE --hardware)
    _slipway_option(BUILD_TYPE --build-type)
    _slipway_option(VERSION --targets-version)
    _slipway_option(RELEASE_VERSION --release-version)
    _slipway_option(URGENCY --urgency)
    _slipway_option(NOTES --notes)
    _slipway_option(MIN_INSTALLED_VERSION --min-installed-version)
    _slipway_option(SECURITY_FLOOR --security-floor)
    _slipway_option(EXPIRES --expires)
    _slipway_option(USER_MANIFEST --user-manifest)
    _slipway_option(ROOT --root)
    _slipway_option(ROOT_HISTORY --root-history)
    add_custom_command(
        OUTPUT "${output}"
        COMMAND ${command} --force "${output}"
        DEPENDS ${step_DEPENDS}
        COMMENT "Assembling ${step_OUTPUT}"
        VERBATIM)
    _slipway_target("${name}" "${step_ALL}" "${output}" "${output}")
endfunction()

# slipway_validate(NAME [ALL] BUNDLE STEP [RULES FILE | POLICY FILE KEY NAME [CHANNEL NAME]] [BUILD_TYPE dev|test|user]
#                  [PREVIOUS BUNDLE-FILE])
#
# Checks what is in the bundle against content rules, as the signing service will: names, boards, sizes, symbols and debug
# sections, forbidden bytes. Makes no file of its own; steps with BUNDLE NAME go on with the bundle that was checked.
function(slipway_validate name)
    cmake_parse_arguments(PARSE_ARGV 1 step "ALL" "BUNDLE;RULES;POLICY;KEY;CHANNEL;BUILD_TYPE;PREVIOUS" "")
    _slipway_check(slipway_validate BUNDLE)
    _slipway_input(slipway_validate)
    foreach(argument RULES POLICY PREVIOUS)
        _slipway_source_file(${argument})
        list(APPEND made ${step_${argument}})
    endforeach()
    set(stamp "${CMAKE_CURRENT_BINARY_DIR}/${name}.validated")
    set(command "${SLIPWAY_PROGRAM}" build validate --no-progress --quiet)
    _slipway_option(RULES --rules)
    _slipway_option(POLICY --policy)
    _slipway_option(KEY --key)
    _slipway_option(CHANNEL --channel)
    _slipway_option(BUILD_TYPE --build-type)
    _slipway_option(PREVIOUS --previous)
    add_custom_command(
        OUTPUT "${stamp}"
        COMMAND ${command} "${input}"
        COMMAND "${CMAKE_COMMAND}" -E touch "${stamp}"
        DEPENDS "${input}" ${made}
        COMMENT "Validating what is in the bundle"
        VERBATIM)
    _slipway_target("${name}" "${step_ALL}" "${input}" "${stamp}")
endfunction()

# slipway_dev_sign(NAME [ALL] BUNDLE STEP OUTPUT FILE KEY KEY… [PASSPHRASE_FILE FILE] [ANY_KEY])
#
# Signs with keys at hand, for boards on a desk. Production keys are never at hand: that is slipway_submit().
function(slipway_dev_sign name)
    cmake_parse_arguments(PARSE_ARGV 1 step "ALL;ANY_KEY" "BUNDLE;OUTPUT;PASSPHRASE_FILE" "KEY")
    _slipway_check(slipway_dev_sign BUNDLE OUTPUT KEY)
    _slipway_input(slipway_dev_sign)
    _slipway_output(OUTPUT)
    _slipway_source_file(PASSPHRASE_FILE)
    set(command "${SLIPWAY_PROGRAM}" bundle sign --no-progress --quiet)
    if(step_ANY_KEY)
        list(APPEND command --any-key)
    endif()
    _slipway_option(KEY --key)
    _slipway_option(PASSPHRASE_FILE --passphrase-file)
    _slipway_change("${name}" "${step_ALL}" "${input}" "${made}" "${output}"
                    "Signing ${step_OUTPUT} for development" ${command})
endfunction()

# slipway_endorse(NAME [ALL] BUNDLE STEP OUTPUT FILE KEY KEY BUILDER_ID URI BUILD_TYPE URI SOURCE URI
#                 [COMMIT HEX] [PARAMETERS NAME=VALUE…] [INVOCATION ID] [PASSPHRASE_FILE FILE])
#
# Says with the builder's key who built it, from what (SLSA provenance). For a build machine whose key a policy names.
function(slipway_endorse name)
    cmake_parse_arguments(PARSE_ARGV 1 step "ALL"
        "BUNDLE;OUTPUT;KEY;BUILDER_ID;BUILD_TYPE;SOURCE;COMMIT;INVOCATION;PASSPHRASE_FILE" "PARAMETERS")
    _slipway_check(slipway_endorse BUNDLE OUTPUT KEY BUILDER_ID BUILD_TYPE SOURCE)
    _slipway_input(slipway_endorse)
    _slipway_output(OUTPUT)
    _slipway_source_file(KEY)
    _slipway_source_file(PASSPHRASE_FILE)
    set(command "${SLIPWAY_PROGRAM}" build endorse --no-progress --quiet)
    _slipway_option(KEY --key)
    _slipway_option(BUILDER_ID --builder-id)
    _slipway_option(BUILD_TYPE --build-type)
    _slipway_option(SOURCE --source)
    _slipway_option(COMMIT --commit)
    _slipway_option(PARAMETERS --parameter)
    _slipway_option(INVOCATION --invocation)
    _slipway_option(PASSPHRASE_FILE --passphrase-file)
    _slipway_change("${name}" "${step_ALL}" "${input}" "${made}" "${output}"
                    "Endorsing ${step_OUTPUT}" ${command})
endfunction()

# slipway_submit(NAME BUNDLE STEP OUTPUT FILE KEY NAME [CHANNEL NAME] [SIGNER URL] [REQUESTER_KEY KEY] [CONFIG FILE]
#                [TIMEOUT TIME])
#
# Asks a signing service for its signature, waits for it and for those who have to approve, and leaves the signed bundle.
# CONFIG is a sign.conf; what it says needn't be said here. Never built without being asked for.
function(slipway_submit name)
    cmake_parse_arguments(PARSE_ARGV 1 step ""
        "BUNDLE;OUTPUT;KEY;CHANNEL;SIGNER;REQUESTER_KEY;CONFIG;TIMEOUT" "")
    _slipway_check(slipway_submit BUNDLE OUTPUT KEY)
    _slipway_input(slipway_submit)
    _slipway_output(OUTPUT)
    _slipway_source_file(REQUESTER_KEY)
    _slipway_source_file(CONFIG)
    set(command "${SLIPWAY_PROGRAM}" sign submit --no-progress --wait)
    _slipway_option(KEY --key)
    _slipway_option(CHANNEL --channel)
    _slipway_option(SIGNER --signer)
    _slipway_option(REQUESTER_KEY --requester-key)
    _slipway_option(CONFIG --config)
    _slipway_option(TIMEOUT --timeout)
    add_custom_command(
        OUTPUT "${output}"
        COMMAND ${command} --output "${output}" "${input}"
        DEPENDS "${input}" "${made}"
        COMMENT "Asking for a signature by ${step_KEY}"
        VERBATIM
        USES_TERMINAL)
    _slipway_target("${name}" FALSE "${output}" "${output}")
endfunction()
