"""The manual: its pages, a renderer for machines without man, and the table of errors that one page is made from."""
