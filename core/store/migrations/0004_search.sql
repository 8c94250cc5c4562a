-- New messages are put into the search index by a statement of their own (see core/store/src/search.rs).
DROP TRIGGER message_search_insert;
