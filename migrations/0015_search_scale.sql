-- +goose Up
-- internal/similar ----------------------------------------------------------------------------------------------------

-- Bands can be made again from their comments at any time, and no comment is ever deleted. With some thirty bands to a
-- comment, looking up the comment for each of them was more than a third of the work of storing them.
ALTER TABLE comment_band DROP CONSTRAINT comment_band_comment_id_fkey;

-- internal/comment ----------------------------------------------------------------------------------------------------

-- The public searches from the newest published comment on; the newest of all wait for review.
CREATE INDEX comment_search_shown ON comment_search (received_at DESC, consultation_id, number) WHERE public_terms IS NOT NULL;
-- A search within one consultation.
CREATE INDEX comment_search_within ON comment_search (consultation_id, received_at DESC, number);
