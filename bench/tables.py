"""The medians of what was measured, with their ratios, and the tables they stand in."""
import statistics


def rows_of(samples, cases, fields):
    """One row per case, generator and peer: medians, the ratio to Postfix, and for a case with another beside it the
    ratio to that one and what it costs more. `samples`: {(case, generator, peer): [Sample]}."""
    rows = []
    for (case, generator, peer), taken in samples.items():
        row = {"case": case, "generator": generator, "peer": peer, "rounds": len(taken)}
        row.update({name: median_of(taken, name) for name in fields})
        row["agreed"] = taken[-1].agreed
        row["spread"] = [min(s.messages_per_second for s in taken), max(s.messages_per_second for s in taken)]
        rows.append(row)
    beside = {case.name: case.beside.name for case in cases if case.beside}
    for row in rows:
        base = _find(rows, row, peer="postfix")
        if base:
            row["rate_to_postfix"] = row["messages_per_second"] / base["messages_per_second"]
            row["cpu_to_postfix"] = row["cpu_ms_per_message"] / base["cpu_ms_per_message"]
        other = _find(rows, row, case=beside.get(row["case"]))
        if other:
            row["rate_to_beside"] = row["messages_per_second"] / other["messages_per_second"]
            row["cpu_ms_more_than_beside"] = row["cpu_ms_per_message"] - other["cpu_ms_per_message"]
    return rows


def _find(rows, row, **wanted):
    key = {name: row[name] for name in ("case", "generator", "peer")} | wanted
    return next((r for r in rows if all(r[name] == value for name, value in key.items())), None)


def median_of(samples, field):
    values = [getattr(s, field) for s in samples if getattr(s, field) is not None]
    return statistics.median(values) if values else None


def text(value, digits):
    return "" if value is None else f"{value:,.{digits}f}"


def table(rows):
    lines = ["| case | generator | server | messages/s | × Postfix | CPU ms/message | × Postfix | p50 ms | p99 ms | RSS peak MiB "
             "| copied/received |", "|---|---|---|--:|--:|--:|--:|--:|--:|--:|--:|"]
    for row in rows:
        cells = [row["case"], row["generator"], row["peer"], text(row["messages_per_second"], 0),
                 text(row.get("rate_to_postfix"), 2), text(row["cpu_ms_per_message"], 3),
                 text(row.get("cpu_to_postfix"), 2), text(row["latency_p50_ms"], 2), text(row["latency_p99_ms"], 2),
                 text(row["memory_peak_mib"], 0), text(row["octets_copied_per_received"], 3)]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def secured_table(rows):
    """Of the cases about TLS and AUTH; what is counted is a session, or a message where there is mail."""
    lines = ["| case | server | per second | × Postfix | CPU ms each | × Postfix | × beside | CPU ms more | p50 ms | p99 ms "
             "| resumed | agreed on |", "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|"]
    for row in rows:
        cells = [row["case"], row["peer"], text(row["messages_per_second"], 0), text(row.get("rate_to_postfix"), 2),
                 text(row["cpu_ms_per_message"], 3), text(row.get("cpu_to_postfix"), 2),
                 text(row.get("rate_to_beside"), 2), text(row.get("cpu_ms_more_than_beside"), 3),
                 text(row["latency_p50_ms"], 2), text(row["latency_p99_ms"], 2),
                 "" if row["resumed"] is None else f"{row['resumed']:.0%}", row["agreed"]]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def memory_table(rows):
    lines = ["| case | what | value |", "|---|---|--:|"]
    for row in rows:
        for key, value in row.items():
            if key != "case":
                lines.append(f"| {row['case']} | {key.replace('_', ' ')} | "
                             f"{text(value, 2) if isinstance(value, float) else value} |")
    return "\n".join(lines)
