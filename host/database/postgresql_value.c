/* SPDX-License-Identifier: Apache-2.0 */
/* Columns as PostgreSQL sends them in its binary form: big-endian integers, texts and bytes as they
 * are. */
#include "postgresql.h"

/* Object identifiers of types, which never change: pg_type.dat. */
enum type_oid {
    TYPE_BOOL = 16,
    TYPE_BYTEA = 17,
    TYPE_NAME = 19,
    TYPE_INT8 = 20,
    TYPE_INT2 = 21,
    TYPE_INT4 = 23,
    TYPE_TEXT = 25,
    TYPE_FLOAT8 = 701,
    TYPE_VARCHAR = 1043,
    TYPE_NUMERIC = 1700,
};

Oid postgresql_type_of(enum slw_sql_kind kind)
{
    switch (kind) {
    case SLW_SQL_NULL:
        return 0;
    case SLW_SQL_INT:
        return TYPE_INT8;
    case SLW_SQL_TEXT:
        return TYPE_TEXT;
    case SLW_SQL_BLOB:
        return TYPE_BYTEA;
    case SLW_SQL_DOUBLE:
        return TYPE_FLOAT8;
    }
    return 0;
}

static bool is_bytes(Oid type)
{
    return type == TYPE_TEXT || type == TYPE_BYTEA || type == TYPE_VARCHAR || type == TYPE_NAME;
}

static bool is_integer(Oid type)
{
    return type == TYPE_BOOL || type == TYPE_INT2 || type == TYPE_INT4 || type == TYPE_INT8;
}

bool postgresql_type_is_known(Oid type)
{
    return is_bytes(type) || is_integer(type) || type == TYPE_FLOAT8 || type == TYPE_NUMERIC;
}

/* A column of the row that is there, as it came; empty for NULL and where there is no column. */
struct field {
    Oid type;
    struct slw_bytes bytes;
    bool is_null;
};

static struct field field_of(const struct sql_connection *connection, int column)
{
    const PGresult *row = ((const struct postgresql_connection *)connection)->row;
    struct field field = {.is_null = true};
    if (row == NULL || column < 0 || column >= PQnfields(row) || PQntuples(row) != 1) {
        return field;
    }
    field.type = PQftype(row, column);
    field.is_null = PQgetisnull(row, 0, column) == 1;
    if (!field.is_null) {
        field.bytes =
            slw_bytes_make(PQgetvalue(row, 0, column), (size_t)PQgetlength(row, 0, column));
    }
    return field;
}

static uint64_t big_endian(struct slw_bytes bytes)
{
    uint64_t number = 0;
    for (size_t i = 0; i < bytes.len && i < 8; i++) {
        number = number << 8 | bytes.ptr[i];
    }
    return number;
}

static int64_t integer_of(struct slw_bytes bytes)
{
    uint64_t number = big_endian(bytes);
    switch (bytes.len) {
    case 1:
        return (int64_t)number;
    case 2:
        return (int16_t)number;
    case 4:
        return (int32_t)number;
    case 8:
        return (int64_t)number;
    }
    return 0;
}

/* What sums are: "numeric" is digits to the base of 10,000, the first of which counts
 * 10,000^weight. */
struct numeric {
    int digits;
    int weight;
    bool is_negative;
    const uint8_t *first;
};

static struct numeric numeric_of(struct slw_bytes bytes)
{
    struct numeric numeric = {0};
    if (bytes.len >= 8) {
        numeric.digits = (int16_t)big_endian(slw_bytes_make(bytes.ptr, 2));
        numeric.weight = (int16_t)big_endian(slw_bytes_make(bytes.ptr + 2, 2));
        uint64_t sign = big_endian(slw_bytes_make(bytes.ptr + 4, 2));
        numeric.is_negative = sign == 0x4000;
        numeric.first = bytes.ptr + 8;
        bool is_whole = numeric.digits >= 0 && bytes.len == 8 + 2 * (size_t)numeric.digits;
        if (!is_whole || (sign != 0 && sign != 0x4000)) { /* or it is no number */
            return (struct numeric){0};
        }
    }
    return numeric;
}

static int64_t digit(const struct numeric *numeric, int at)
{
    return at < numeric->digits
               ? (int64_t)big_endian(slw_bytes_make(numeric->first + 2 * (size_t)at, 2))
               : 0;
}

/* Its whole part; the nearest one that there is when it has more than 64 bits. */
static int64_t numeric_int(const struct numeric *numeric)
{
    int64_t number = 0; /* negative meanwhile, for those reach further */
    if (numeric->digits == 0) {
        return 0;
    }
    for (int at = 0; at <= numeric->weight; at++) {
        if (__builtin_mul_overflow(number, 10000, &number) ||
            __builtin_sub_overflow(number, digit(numeric, at), &number)) {
            return numeric->is_negative ? INT64_MIN : INT64_MAX;
        }
    }
    if (numeric->is_negative) {
        return number;
    }
    return number == INT64_MIN ? INT64_MAX : -number;
}

static double numeric_double(const struct numeric *numeric)
{
    double number = 0;
    double scale = 1;
    int shift = numeric->weight + 1 - numeric->digits; /* of 16 bits, as both are */
    for (int at = 0; at < numeric->digits; at++) {
        number = number * 10000 + (double)digit(numeric, at);
    }
    for (int i = 0; i < (shift < 0 ? -shift : shift); i++) {
        scale *= 10000;
    }
    number = shift < 0 ? number / scale : number * scale;
    return numeric->is_negative ? -number : number;
}

static double double_of(struct slw_bytes bytes)
{
    uint64_t bits = big_endian(bytes);
    double number = 0;
    memcpy(&number, &bits, sizeof number);
    return number;
}

static int64_t truncate_to_int(double number)
{
    if (!(number > -9.3e18 && number < 9.3e18)) {
        return number < 0 ? INT64_MIN : (number > 0 ? INT64_MAX : 0);
    }
    if (number >= 9223372036854775808.0) {
        return INT64_MAX;
    }
    return number <= -9223372036854775808.0 ? INT64_MIN : (int64_t)number;
}

bool postgresql_is_null(const struct sql_connection *connection, int column)
{
    return field_of(connection, column).is_null;
}

int64_t postgresql_get_int(const struct sql_connection *connection, int column)
{
    struct field field = field_of(connection, column);
    if (is_integer(field.type)) {
        return integer_of(field.bytes);
    }
    if (field.type == TYPE_FLOAT8) {
        return truncate_to_int(double_of(field.bytes));
    }
    if (field.type == TYPE_NUMERIC) {
        struct numeric numeric = numeric_of(field.bytes);
        return numeric_int(&numeric);
    }
    return 0;
}

double postgresql_get_double(const struct sql_connection *connection, int column)
{
    struct field field = field_of(connection, column);
    if (is_integer(field.type)) {
        return (double)integer_of(field.bytes);
    }
    if (field.type == TYPE_FLOAT8) {
        return double_of(field.bytes);
    }
    if (field.type == TYPE_NUMERIC) {
        struct numeric numeric = numeric_of(field.bytes);
        return numeric_double(&numeric);
    }
    return 0;
}

struct slw_bytes postgresql_get_bytes(const struct sql_connection *connection, int column)
{
    struct field field = field_of(connection, column);
    return is_bytes(field.type) ? field.bytes : (struct slw_bytes){0};
}
