"""What a browser sees: the page of survey questions (`survey`)."""
