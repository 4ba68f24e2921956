// SPDX-License-Identifier: GPL-2.0
/*
 * Output for people or as JSON, from the same calls
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <json-c/json.h>

#include "out.h"

#define LABEL_WIDTH 32

static void add(struct out *o, const char *key, struct json_object *value)
{
	struct json_object *parent = o->nodes[o->depth];

	if (key)
		json_object_object_add(parent, key, value);
	else
		json_object_array_add(parent, value);
}

static void push(struct out *o, const char *key, struct json_object *node)
{
	add(o, key, node);
	o->nodes[++o->depth] = node;
}

void out_begin(struct out *o, bool json, bool array)
{
	*o = (struct out) { .json = json };
	if (json)
		o->nodes[0] = array ? json_object_new_array() : json_object_new_object();
}

void out_end(struct out *o)
{
	if (!o->json)
		return;
	puts(json_object_to_json_string_ext(o->nodes[0],
					    JSON_C_TO_STRING_PRETTY |
					    JSON_C_TO_STRING_SPACED |
					    JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(o->nodes[0]);
}

void out_group(struct out *o, const char *key, const char *title, ...)
{
	va_list ap;

	if (o->json) {
		push(o, key, json_object_new_object());
		return;
	}
	printf("%*s", 2 * o->depth++, "");
	va_start(ap, title);
	vprintf(title, ap);
	va_end(ap);
	putchar('\n');
}

void out_close(struct out *o)
{
	o->depth--;
}

void out_array(struct out *o, const char *key)
{
	if (o->json)
		push(o, key, json_object_new_array());
}

void out_array_close(struct out *o)
{
	if (o->json)
		out_close(o);
}

static void label_out(struct out *o, const char *label)
{
	printf("%*s%-*s", 2 * o->depth, "", LABEL_WIDTH - 2 * o->depth, label);
}

void out_number(struct out *o, const char *key, const char *label, uint64_t value)
{
	if (o->json) {
		add(o, key, json_object_new_uint64(value));
		return;
	}
	label_out(o, label);
	printf("%llu\n", (unsigned long long)value);
}

void out_hex(struct out *o, const char *key, const char *label, uint64_t value,
	     int digits)
{
	if (o->json) {
		add(o, key, json_object_new_uint64(value));
		return;
	}
	label_out(o, label);
	printf("0x%0*llx\n", digits, (unsigned long long)value);
}

void out_bytes(struct out *o, const char *key, const char *label, uint64_t value)
{
	static const char * const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	uint64_t scaled = value;
	int unit = -1;

	if (o->json) {
		add(o, key, json_object_new_uint64(value));
		return;
	}
	label_out(o, label);
	while (scaled && scaled % 1024 == 0) {
		scaled /= 1024;
		unit++;
	}
	printf("%llu bytes", (unsigned long long)value);
	if (unit >= 0)
		printf(" (%llu %s)", (unsigned long long)scaled, units[unit]);
	putchar('\n');
}

void out_bool(struct out *o, const char *key, const char *label, bool value)
{
	if (o->json) {
		add(o, key, json_object_new_boolean(value));
		return;
	}
	label_out(o, label);
	puts(value ? "yes" : "no");
}

void out_string(struct out *o, const char *key, const char *label,
		const char *value)
{
	if (o->json) {
		add(o, key, json_object_new_string(value));
		return;
	}
	label_out(o, label);
	puts(value);
}
