-- +goose Up
-- internal/comment ----------------------------------------------------------------------------------------------------

-- The terms of public copies, each with the consultation it is met in as one more term: a search within one consultation is
-- told its own comments alone, not all that hold the words anywhere, and one over all consultations reads the same lists.
-- Nobody but the worker that fills comment_search waits while it is made.
SET LOCAL maintenance_work_mem = '512MB';
CREATE INDEX comment_search_public_within ON comment_search USING gin (array_append(public_terms, hashtext(consultation_id)))
  WHERE public_terms IS NOT NULL;
