-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "public";

-- CreateEnum
CREATE TYPE "PageStatus" AS ENUM ('DRAFT', 'PUBLISHED', 'ARCHIVED');

-- CreateTable
CREATE TABLE "Section" (
    "id" TEXT NOT NULL,
    "slug" TEXT NOT NULL,
    "title" TEXT NOT NULL,
    "parentId" TEXT,

    CONSTRAINT "Section_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Page" (
    "id" TEXT NOT NULL,
    "slug" TEXT NOT NULL,
    "title" TEXT NOT NULL,
    "body" TEXT NOT NULL,
    "status" "PageStatus" NOT NULL DEFAULT 'DRAFT',
    "tags" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "metadata" JSONB NOT NULL DEFAULT '{}',
    "authorId" UUID,
    "sectionId" TEXT,
    "publishedAt" TIMESTAMP(3),
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "Page_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "Section_slug_key" ON "Section"("slug");

-- CreateIndex
CREATE INDEX "Section_parentId_idx" ON "Section"("parentId");

-- CreateIndex
CREATE UNIQUE INDEX "Page_slug_key" ON "Page"("slug");

-- CreateIndex
CREATE INDEX "Page_status_createdAt_id_idx" ON "Page"("status", "createdAt", "id");

-- CreateIndex
CREATE INDEX "Page_status_updatedAt_id_idx" ON "Page"("status", "updatedAt", "id");

-- CreateIndex
CREATE INDEX "Page_status_publishedAt_id_idx" ON "Page"("status", "publishedAt", "id");

-- CreateIndex
CREATE INDEX "Page_tags_idx" ON "Page" USING GIN ("tags");

-- CreateIndex
CREATE INDEX "Page_authorId_idx" ON "Page"("authorId");

-- CreateIndex
CREATE INDEX "Page_sectionId_idx" ON "Page"("sectionId");

-- AddForeignKey
ALTER TABLE "Section" ADD CONSTRAINT "Section_parentId_fkey" FOREIGN KEY ("parentId") REFERENCES "Section"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Page" ADD CONSTRAINT "Page_sectionId_fkey" FOREIGN KEY ("sectionId") REFERENCES "Section"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- ----------------------------------------------------------------------------------------------------------------------
-- What Prisma does not write: a later migration of the web site's, written by hand.
-- ----------------------------------------------------------------------------------------------------------------------

CREATE INDEX "Page_status_title_id_idx" ON "Page" ("status", left("title", 200), "id");

-- As much text as surely makes a tsvector of less than 1 MiB, its limit.
CREATE INDEX "Page_words_idx" ON "Page" USING GIN (to_tsvector('simple', "title" || ' ' || left("body", 50000)));

CREATE VIEW "PublishedPage" AS
    SELECT "id", "slug", "title", "tags", "sectionId", "publishedAt" FROM "Page" WHERE "status" = 'PUBLISHED';
