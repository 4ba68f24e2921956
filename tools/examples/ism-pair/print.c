// SPDX-License-Identifier: GPL-2.0
/*
 * What the pair prints: progress, and how it went
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "pair.h"

#define MIB (1024.0 * 1024)

/* On a terminal a bar that is drawn again and again, else a line now and then */
void print_progress(const struct options *options, const struct report *report,
		    bool end)
{
	static const char bar[] = "########################################";
	static unsigned int printed;
	double done = 0, all = 2.0 * options->bytes;
	unsigned int percent;

	for (int i = 0; i < 2; i++)
		done += __atomic_load_n(&report[i].received, __ATOMIC_RELAXED);
	percent = 100 * done / all;
	if (isatty(STDOUT_FILENO)) {
		int len = percent * (sizeof(bar) - 1) / 100;

		printf("\r[%-*.*s] %3u %% of %.1f MiB each way%s",
		       (int)sizeof(bar) - 1, len, bar, percent,
		       options->bytes / MIB, end ? "\n" : "");
	} else if (percent >= printed + options->step || (end && percent > printed)) {
		printed = percent / options->step * options->step;
		printf("ism: %u %% of %.1f MiB each way\n", printed,
		       options->bytes / MIB);
	}
	fflush(stdout);
}

static void print_stores(const struct report *report)
{
	const struct ism_stats *stats = &report->stats;
	unsigned long long total = 0;

	printf("ism: %s stores by size:", report->name);
	for (unsigned int i = 0; i < ISM_NR_SIZES; i++) {
		total += stats->stores[i];
		if (!stats->stores[i])
			continue;
		if (i == ISM_NR_SIZES - 1)
			printf(" %u: %llu", ISM_HW_PAGE, stats->stores[i]);
		else
			printf(" %u-%u: %llu", i ? (4U << i) + 1 : 1,
			       i == ISM_NR_SIZES - 2 ? ISM_HW_PAGE - 1 : 8U << i,
			       stats->stores[i]);
	}
	printf("; together %llu with %llu bytes\n", total, stats->bytes);
}

static void print_event(const struct report *report,
			const struct ism_event *event)
{
	static const char * const types[] = {
		[ISM_HW_EVENT_BUF] = "DMB",
		[ISM_HW_EVENT_DEV] = "function",
		[ISM_HW_EVENT_SWR] = "software",
	};
	const char *type = "unknown";

	if (event->type <= ISM_HW_EVENT_SWR)
		type = types[event->type];
	printf("ism: %s event of type %u (%s), code 0x%x, token 0x%llx, info 0x%llx\n",
	       report->name, event->type, type, event->code,
	       (unsigned long long)event->tok, (unsigned long long)event->info);
}

static void print_side(const struct report *report)
{
	const struct ism_stats *stats = &report->stats;
	const struct told *told = &report->told;

	print_stores(report);
	printf("ism: %s commands %llu, chains %llu, interrupts %llu, events %llu\n",
	       report->name, stats->commands, stats->submits, stats->interrupts,
	       stats->events);
	printf("ism: %s signals %llu: data %llu, room %llu, known already %llu, torn %llu\n",
	       report->name, stats->signals, told->data, told->room, told->again,
	       told->torn);
	for (unsigned int i = 0; i < report->nr_events && i < PAIR_NR_EVENTS; i++)
		print_event(report, &report->event[i]);
}

void print_results(const struct options *options, const struct report *report)
{
	uint64_t ns = report[0].ns > report[1].ns ? report[0].ns : report[1].ns;

	for (int i = 0; i < 2; i++)
		printf("ism: %s to %s: %llu bytes, checksum sent %016llx, received %016llx\n",
		       report[i].name, report[!i].name,
		       (unsigned long long)report[!i].received,
		       (unsigned long long)report[i].sent_sum,
		       (unsigned long long)report[!i].received_sum);
	if (report[0].received == options->bytes &&
	    report[1].received == options->bytes)
		printf("ism: throughput %.1f MiB/s each way, %.2f s%s\n",
		       options->bytes / MIB / (ns / 1e9), ns / 1e9,
		       report[0].simulated ?
		       " (a simulation in an emulation: says nothing of real functions)" : "");
	for (int i = 0; i < 2; i++)
		print_side(&report[i]);
	if (!report[0].refused[0])
		return;
	printf("ism: %s was killed when it had received %llu bytes more\n",
	       report[1].name, (unsigned long long)report[1].killed_at);
	printf("ism: %s was told of it; a store to the DMB that was there: %s\n",
	       report[0].name, report[0].refused);
}
