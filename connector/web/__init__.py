"""What answers the world over HTTP: the door of hooks, and the page of survey questions."""
