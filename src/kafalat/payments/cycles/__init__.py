"""A quarter from opening to closing: phases, who is due and who is held back, lists, and who says yes to them."""
