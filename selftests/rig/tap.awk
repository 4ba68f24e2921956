# SPDX-License-Identifier: GPL-2.0
#
# Counts test results (TAP and KTAP) in the log of a guest. Lines:
#
#	suite <name> <passed> <failed> <skipped>
#	fail <suite>: <test>
#	skip <suite>: <test and reason>
#
# with tabs between the fields. A result that sums up the indented ones before
# it is counted only if none of those was counted as failed and it is. A suite
# that has no result, fewer than it planned, that failed without a failed
# result, or that did not end, gets a failure that says so.

function result(kind, text)
{
	count[suite, kind]++
	if (kind != "pass")
		print kind "\t" suite ": " text
}

function begin_suite(name)
{
	suite = name
	if (!(suite in seen)) {
		seen[suite] = 1
		order[++suites] = suite
	}
	running = 1
	results = planned = 0
	failed_before = count[suite, "fail"]
	split("", deeper)
	split("", deeper_failed)
}

function end_suite(status)
{
	if (!results)
		result("fail", "no result, exit code " status)
	else if (planned && results < planned)
		result("fail", results " results of " planned " planned")
	else if (status != 0 && status != 4 && count[suite, "fail"] == failed_before)
		result("fail", "exit code " status)
	running = 0
}

{
	sub(/\r$/, "")
	sub(/^\[ *[0-9]+\.[0-9]+\] /, "")
}

/^rig: suite / {
	if (running)
		end_suite("unknown: it did not end")
	begin_suite(substr($0, 12))
	next
}

/^rig: suite-end / {
	status = $NF
	end_suite(status)
	next
}

!running { next }

/^1\.\.0 # *SKIP/ {
	results++
	result("skip", substr($0, 6))
	next
}

/^1\.\.[0-9]+/ {
	planned = substr($1, 4) + 0
	next
}

/^ *(not )?ok([ \t]|$)/ {
	match($0, /^ */)
	indent = RLENGTH
	text = substr($0, indent + 1)
	failed = text ~ /^not ok/
	if (indent == 0)
		results++
	sums_up = 0
	child_failed = 0
	for (i in deeper) {
		if (i + 0 > indent) {
			sums_up = 1
			if (deeper_failed[i])
				child_failed = 1
			delete deeper[i]
			delete deeper_failed[i]
		}
	}
	deeper[indent] = 1
	if (failed)
		deeper_failed[indent] = 1
	sub(/^(not )?ok *[0-9]* *(- *)?/, "", text)
	if (sums_up && !(failed && !child_failed))
		next
	if (failed)
		result("fail", text)
	else if (text ~ /# *SKIP/)
		result("skip", text)
	else
		result("pass", text)
}

END {
	if (running)
		end_suite("unknown: it did not end")
	for (i = 1; i <= suites; i++) {
		s = order[i]
		printf "suite\t%s\t%d\t%d\t%d\n", s, count[s, "pass"], count[s, "fail"], count[s, "skip"]
	}
}
