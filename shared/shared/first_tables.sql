-- The tables that every service has, as its first migration makes them. What changes later is a migration of each.

CREATE TABLE clock (
    id SMALLINT DEFAULT '1' NOT NULL,
    ahead INTERVAL DEFAULT '0' NOT NULL,
    CONSTRAINT clock_pkey PRIMARY KEY (id)
);

CREATE TABLE dead_letter (
    id UUID NOT NULL,
    position BIGINT GENERATED ALWAYS AS IDENTITY,
    key TEXT NOT NULL,
    topic TEXT NOT NULL,
    partition INTEGER NOT NULL,
    "offset" BIGINT NOT NULL,
    type TEXT NOT NULL,
    headers JSONB NOT NULL,
    body BYTEA NOT NULL,
    cause TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    settled_by TEXT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    settled_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT dead_letter_pkey PRIMARY KEY (id)
);
CREATE INDEX dead_letter_open ON dead_letter (key, position) WHERE state IN ('dead', 'parked');
CREATE UNIQUE INDEX dead_letter_origin ON dead_letter (topic, partition, "offset");

CREATE TABLE directory (
    kind TEXT NOT NULL,
    entity TEXT NOT NULL,
    version BIGINT NOT NULL,
    body JSONB NOT NULL,
    CONSTRAINT directory_pkey PRIMARY KEY (kind, entity)
);

CREATE TABLE idempotency (
    caller TEXT NOT NULL,
    key TEXT NOT NULL,
    digest BYTEA NOT NULL,
    status SMALLINT NOT NULL,
    headers JSONB NOT NULL,
    body BYTEA NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT idempotency_pkey PRIMARY KEY (caller, key)
);
CREATE INDEX idempotency_created_at ON idempotency USING brin (created_at);

CREATE TABLE inbox (
    key TEXT NOT NULL,
    producer TEXT NOT NULL,
    seq BIGINT NOT NULL,
    CONSTRAINT inbox_pkey PRIMARY KEY (key, producer)
) WITH (fillfactor = 70);

CREATE TABLE member (
    instance TEXT NOT NULL,
    lag BIGINT NOT NULL,
    halted TEXT,
    seen_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT member_pkey PRIMARY KEY (instance)
);

CREATE TABLE outbox (
    position BIGINT GENERATED ALWAYS AS IDENTITY,
    id UUID NOT NULL,
    aggregatetype TEXT NOT NULL,
    aggregateid TEXT NOT NULL,
    type TEXT NOT NULL,
    payload TEXT NOT NULL,
    traceparent TEXT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT outbox_pkey PRIMARY KEY (position)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

CREATE TABLE outbox_sequence (
    key TEXT NOT NULL,
    seq BIGINT NOT NULL,
    CONSTRAINT outbox_sequence_pkey PRIMARY KEY (key)
) WITH (fillfactor = 70);

INSERT INTO clock DEFAULT VALUES;
