mod option_numbers;
