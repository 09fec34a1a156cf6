#!/bin/sh
# Makes the cluster on an empty volume, then becomes the server. Arguments: the server's command line.
# Reads POSTGRES_USER (the superuser), POSTGRES_PASSWORD_FILE, POSTGRES_DB, PGDATA.
set -eu

: "${PGDATA:?set PGDATA to the data folder}"

init() {
    : "${POSTGRES_USER:?set POSTGRES_USER to the name of the superuser}"
    : "${POSTGRES_PASSWORD_FILE:?set POSTGRES_PASSWORD_FILE to the file with its password}"
    : "${POSTGRES_DB:?set POSTGRES_DB to the name of the first database}"
    fresh="$PGDATA.initialising"
    rm -rf "$fresh"
    mkdir -p "$(dirname "$PGDATA")"
    initdb --pgdata="$fresh" --username="$POSTGRES_USER" --pwfile="$POSTGRES_PASSWORD_FILE" \
        --encoding=UTF8 --locale-provider=builtin --builtin-locale=C.UTF-8 \
        --set listen_addresses='*' --data-checksums --auth-local=trust --auth-host=scram-sha-256
    echo "host all all all scram-sha-256" >> "$fresh/pg_hba.conf"

    # Reachable through the socket only: nobody sees a half-made database.
    pg_ctl --pgdata="$fresh" --wait --silent --options="-c listen_addresses=''" start
    PGUSER="$POSTGRES_USER" PGDATABASE="$POSTGRES_DB"
    export PGUSER PGDATABASE
    [ "$POSTGRES_DB" = postgres ] || createdb --maintenance-db=postgres "$POSTGRES_DB"
    for script in /docker-entrypoint-initdb.d/*.sh; do
        [ -e "$script" ] || continue
        echo "running $script"
        (. "$script")
    done
    unset PGUSER PGDATABASE
    pg_ctl --pgdata="$fresh" --wait --silent --mode=fast stop

    # The rename is the commit: a crash before it starts from nothing, never from half a cluster.
    mv "$fresh" "$PGDATA"
    sync
}

[ -s "$PGDATA/PG_VERSION" ] || init
exec "$@"
