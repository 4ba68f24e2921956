/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Output for people or as JSON, from the same calls
 */
#ifndef ZPCTL_OUT_H
#define ZPCTL_OUT_H

#include <stdbool.h>
#include <stdint.h>

#define OUT_DEPTH 4

struct json_object;

/**
 * struct out - Output that is being written
 * @nodes: The JSON objects and arrays that are open; none for people
 * @depth: How many groups are open
 * @json: JSON, not for people
 */
struct out {
	struct json_object *nodes[OUT_DEPTH];
	int depth;
	bool json;
};

void out_begin(struct out *o, bool json, bool array);
void out_end(struct out *o);

/*
 * A group has a key in JSON and a title for people; in an array it has no key.
 * An array is there in JSON alone.
 */
[[gnu::format(printf, 3, 4)]]
void out_group(struct out *o, const char *key, const char *title, ...);
void out_close(struct out *o);
void out_array(struct out *o, const char *key);
void out_array_close(struct out *o);

void out_number(struct out *o, const char *key, const char *label, uint64_t value);
/* @digits: hexadecimal digits for people, at least */
void out_hex(struct out *o, const char *key, const char *label, uint64_t value,
	     int digits);
void out_bytes(struct out *o, const char *key, const char *label, uint64_t value);
void out_bool(struct out *o, const char *key, const char *label, bool value);
void out_string(struct out *o, const char *key, const char *label,
		const char *value);

#endif /* ZPCTL_OUT_H */
