# SPDX-License-Identifier: Apache-2.0
# Writes proto3's `optional` as the oneof of one field that it stands for: protoc-c 1.4 knows only that.
s/optional ([A-Za-z0-9_.]+) ([a-z0-9_]+) = ([0-9]+);/oneof _\2 { \1 \2 = \3; }/
