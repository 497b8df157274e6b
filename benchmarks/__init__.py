"""Speed, memory and quality, compared with other packages."""
