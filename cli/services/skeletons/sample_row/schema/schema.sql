CREATE TYPE sample_row_state AS ENUM ('open', 'done');

CREATE TABLE sample_row_groups (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name text NOT NULL UNIQUE
);

CREATE TABLE sample_rows (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    group_id uuid NOT NULL REFERENCES sample_row_groups,
    title varchar(200) NOT NULL,
    note text,
    state sample_row_state NOT NULL DEFAULT 'open',
    labels text[] NOT NULL DEFAULT '{}',
    details jsonb NOT NULL DEFAULT '{}',
    price numeric(9, 2),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (group_id, title)
);
