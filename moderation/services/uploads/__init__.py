"""An upload's way: the door, the queue, the screening, the outcome."""
