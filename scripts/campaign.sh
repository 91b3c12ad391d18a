#!/bin/sh
# Runs the long tests at full count and writes docs/results.md. ROUNDS says how often, SEED with which seed the first round
# begins; each further round has the next one.
set -eu

rounds=${ROUNDS:-3}
seed=${SEED:-$(date +%Y%m%d)}
page=docs/results.md

round() { # SEED ROWS: the tests of one round
    echo "campaign: seed $1"
    RMACHINE_CAMPAIGN=1 RMACHINE_REQUIRE_HOSTS=1 RMACHINE_SEED=$1 RMACHINE_RESULTS_FILE=$2 \
        cargo test --test lab -- --nocapture --test-threads 2 kill:: faults:: virtual_machines:: swarm::a_swarm_that_was_killed
    RMACHINE_ROUNDS=1000 RMACHINE_SEED=$1 RMACHINE_RESULTS_FILE=$2 cargo test --test interleavings -- --nocapture
}

# Adds up the rows of all rounds: | what | count | right | seconds s |
table() { # ROWS
    awk -F' *[|] *' '
        {
            sub(/ \([0-9]+ worked, [0-9]+ as before\)$/, "", $2)
            if (!($2 in count)) order[++kinds] = $2
            count[$2] += $3; right[$2] += $4; took[$2] += $5
        }
        END { for (i = 1; i <= kinds; i++) printf "| %s | %d | %d | %d s |\n", order[i], count[order[i]], right[order[i]], took[order[i]] }
    ' "$1"
}

write_page() { # ROWS FAILED
    {
        echo '# Results of the fault campaign'
        echo
        echo "Written by \`make campaign\` on $(date -u +%F) at commit $(git rev-parse --short HEAD). Rounds: $rounds; first seed: $seed."
        echo
        cat <<'PAGE'
A fault ended right if the machine worked afterwards, or if the hash of /etc, the units and the containers were those from
before and the next `create` made the machine; then `release` had to put the host back. A container had to run on throughout, unless the
fault was the engine's death while live-restore was off, which ends it whether or not anything is being changed. A kill ended right if
the next `create` made the machine, and `rm` left nothing. A round of eight programs at once on one store ended right if no machine, host
or state was lost and `store check` found nothing broken.

| what | count | ended right | took |
|---|---|---|---|
PAGE
        table "$1"
        echo
        echo "Rounds in which a test failed: $2. What a row lacks of its count, or a row that is missing, is in the output of the run."
    } >"$page"
}

main() {
    rows=$(mktemp)
    trap 'rm -f "$rows"' EXIT
    failed=0
    last=$((seed + rounds - 1))
    for number in $(seq "$seed" "$last"); do
        round "$number" "$rows" || failed=$((failed + 1))
    done
    write_page "$rows" "$failed"
    cat "$page"
    [ "$failed" = 0 ]
}

main "$@"
