-- As Prisma writes it: quoted camelCase, ids and times of change from its client, naive times in UTC, an implicit
-- many-to-many table, an array of enums, a self-reference, two foreign keys to one table, and its own table.
CREATE TYPE "TaskState" AS ENUM ('OPEN', 'IN_REVIEW', 'DONE');
CREATE TYPE "AlertKind" AS ENUM ('MAIL', 'CHAT');

CREATE TABLE "Member" (
    "id" TEXT NOT NULL,
    "photoURL" TEXT,
    "alertKinds" "AlertKind"[],
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "Member_pkey" PRIMARY KEY ("id")
);
CREATE TABLE "Task" (
    "id" TEXT NOT NULL,
    "title" TEXT NOT NULL,
    "state" "TaskState" NOT NULL DEFAULT 'OPEN',
    "labels" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "metadata" JSONB NOT NULL DEFAULT '{}',
    "extra" JSONB,
    "parentId" TEXT,
    "authorId" TEXT NOT NULL,
    "reviewerId" TEXT,
    "dueAt" TIMESTAMP(3),
    "updatedAt" TIMESTAMP(3) NOT NULL,
    CONSTRAINT "Task_pkey" PRIMARY KEY ("id")
);
CREATE TABLE "_MemberToTask" (
    "A" TEXT NOT NULL,
    "B" TEXT NOT NULL,
    CONSTRAINT "_MemberToTask_AB_pkey" PRIMARY KEY ("A", "B")
);
CREATE TABLE "_prisma_migrations" (
    "id" VARCHAR(36) PRIMARY KEY NOT NULL,
    "checksum" VARCHAR(64) NOT NULL
);
CREATE UNIQUE INDEX "Task_title_key" ON "Task"("title");
ALTER TABLE "Task" ADD CONSTRAINT "Task_parentId_fkey" FOREIGN KEY ("parentId") REFERENCES "Task"("id") ON DELETE SET NULL ON UPDATE CASCADE;
ALTER TABLE "Task" ADD CONSTRAINT "Task_authorId_fkey" FOREIGN KEY ("authorId") REFERENCES "Member"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "Task" ADD CONSTRAINT "Task_reviewerId_fkey" FOREIGN KEY ("reviewerId") REFERENCES "Member"("id") ON DELETE SET NULL ON UPDATE CASCADE;
ALTER TABLE "_MemberToTask" ADD CONSTRAINT "_MemberToTask_A_fkey" FOREIGN KEY ("A") REFERENCES "Member"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "_MemberToTask" ADD CONSTRAINT "_MemberToTask_B_fkey" FOREIGN KEY ("B") REFERENCES "Task"("id") ON DELETE CASCADE ON UPDATE CASCADE;
CREATE VIEW "OpenTask" AS SELECT "id", "title", "state", "dueAt" FROM "Task" WHERE "state" <> 'DONE';

INSERT INTO "Member" VALUES ('m1', NULL, ARRAY['CHAT', 'MAIL']::"AlertKind"[]);
INSERT INTO "Task" ("id", "title", "parentId", "authorId", "dueAt", "updatedAt")
VALUES ('t1', 'first', NULL, 'm1', '2026-06-01 12:00:00.5', '2026-05-01'), ('t2', 'second', 't1', 'm1', NULL, '2026-05-02');
INSERT INTO "_MemberToTask" VALUES ('m1', 't1');
