"""An upload's way: the door, the queue, the screening, the outcome; and the people behind uploads."""
