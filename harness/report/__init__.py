"""The report: a folder of pages that opens from a file, with the board, its pictures and, if private, every case.

build.py      boards -> the folder
view.py       what a report shows, as data
contests.py   a board and its runs -> the view
cases.py      private: texts, spans, concepts, what the input does not contain
folder.py     the folder: pages, scripts, data as scripts
static/       HTML, CSS and JavaScript, written by hand
"""
