-- +goose Up
-- internal/similar ----------------------------------------------------------------------------------------------------

-- Bands can be made again from their comments at any time, and no comment is ever deleted. With some thirty bands to a
-- comment, looking up the comment for each of them was more than a third of the work of storing them.
ALTER TABLE comment_band DROP CONSTRAINT comment_band_comment_id_fkey;
